// The units of docs/guides/operating.md are such that systemd takes every line of them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { requireTool } from "../support/tools.ts";
import { read } from "./pages.ts";

// It is the last section, and its units have lines that look like headings.
const [, page = ""] = read("docs/guides/operating.md").split(/^## systemd$/m);
const [service = "", socket = ""] = Array.from(page.matchAll(/```ini\n(.*?)```/gs), ([, text]) => text);

/** What systemd has to say to the units; it names the file in each line. */
function complaintsOfSystemd(analyze: string, units: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-units-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const paths = Object.entries(units).map(([name, text]) => {
    const path = join(folder, name);
    // The command is not installed here.
    writeFileSync(path, text.replace("/usr/bin/sockwright", "/bin/true"));
    return path;
  });
  const { stderr } = spawnSync(analyze, ["verify", "--man=no", "--recursive-errors=no", ...paths], {
    encoding: "utf8",
  });
  // Units of this machine may have mistakes of their own.
  return stderr
    .split("\n")
    .filter((line) => /sockwright/.test(line))
    .map((line) => line.replace(`${folder}/`, ""));
}

test("systemd knows every key and every value", (context) => {
  const analyze = requireTool(context, "systemd-analyze");
  expect(complaintsOfSystemd(analyze, { "sockwright.service": service, "sockwright-web.socket": socket })).toEqual([]);
  const wrong = service.replace("ProtectHome=yes", "ProtectHom=yes").replace("Type=notify", "Type=notfy");
  expect(complaintsOfSystemd(analyze, { "sockwright.service": wrong })).toEqual(
    expect.arrayContaining([
      expect.stringContaining("Unknown key 'ProtectHom' in section [Service]"),
      expect.stringMatching(/sockwright\.service:\d+: .*notfy/),
    ]),
  );
});

test("what else the page says of them goes with them", () => {
  const [, listen = ""] = /```toml\n(.*?)```/s.exec(page) ?? [];
  expect(socket).toContain("FileDescriptorName=web\n");
  expect(listen).toContain('"systemd:web"');
  expect(socket).toContain("Service=sockwright.service\n");
  expect(service).toMatch(/^RuntimeDirectory=sockwright$/m);
  expect(page).toContain('[admin] socket = "/run/sockwright/admin.sock"');
});
