// What needs no addon does not so much as look for one: here it is a file that says so when it is loaded.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const LOADED = "the addon was loaded\n";

function run(args: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-addon-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const addon = join(folder, "addon.cjs");
  writeFileSync(addon, `require("node:fs").writeSync(1, ${JSON.stringify(LOADED)});\nthrow new Error("no addon");\n`);
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    cwd: dist,
    env: { ...process.env, SOCKWRIGHT_ADDON: addon },
  });
  expect([stderr, status]).toEqual(["", 0]);
  return stdout;
}

function load(module: string): string {
  const program = `console.log(Object.keys(await import("./${module}")).length > 0)`;
  return run(["--input-type=module", "--eval", program]);
}

// stream-fields.js has types only.
const urls = readdirSync(join(dist, "server/url")).filter(
  (name) => name.endsWith(".js") && name !== "stream-fields.js",
);

test.each([
  "socket/values.js",
  "codec.js",
  "server.js",
  "services/files/files.js",
  "services/greet/greet.js",
  "services/relay/relay.js",
  "services/chat/chat.js",
  "services/web/web.js",
  "services/web/root.js",
  ...urls.map((name) => `server/url/${name}`),
])("%s", (module) => {
  expect(load(module)).toBe("true\n");
});

test.each(["greet", "relay", "connect", "listen"])("the options of `sockwright %s`", (command) => {
  const help = run(["cli/sockwright.js", command, "--help"]);
  expect(help).toContain(`sockwright ${command}`);
  expect(help).not.toContain(LOADED);
});

test("what does need it is told: this file would have noticed", () => {
  expect(load("native/load.js")).toBe(`${LOADED}true\n`);
});
