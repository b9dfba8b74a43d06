// Lookups in replaced files of the resolver: several addresses of a name, aliases, entries that need more room than the
// first attempt has, and an entry longer than the limit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const MAX_ENTRY_BYTES = 1024 * 1024;
const aliases = Array.from({ length: 100 }, (_value, index) => `alias-${index}.${"x".repeat(60)}`);

const hosts = [
  ...["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => `${address} many.example`),
  "192.0.2.4 many.example other",
  "192.0.2.9 short long.example",
  `192.0.2.77 host-with-aliases ${aliases.join(" ")}`,
  `192.0.2.78 ${"x".repeat(MAX_ENTRY_BYTES)}`,
];
const services = [`long 4321/tcp ${aliases.join(" ")}`, `too-long 4322/tcp ${"x".repeat(MAX_ENTRY_BYTES)}`];

test("short and long entries of the hosts and services files", async (context) => {
  const unshare = requireTool(context, "mount namespaces");
  const folder = mkdtempSync(join(tmpdir(), "sockwright-names-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [hostsFile, servicesFile] = [join(folder, "hosts"), join(folder, "services")];
  writeFileSync(hostsFile, `${hosts.join("\n")}\n`);
  writeFileSync(servicesFile, `${services.join("\n")}\n`);
  const program = fileURLToPath(new URL("programs/long-entries.mjs", import.meta.url));
  const script = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/services && shift 2 && exec "$@"';
  const command = [hostsFile, servicesFile, process.execPath, program];
  const child = await startChild(unshare, ["--mount", "sh", "-c", script, "sh", ...command]);
  await child.line(/^done$/);
  expect(child.stdout.trim().split("\n")).toEqual([
    'addresses ["192.0.2.1","192.0.2.2","192.0.2.3","192.0.2.4"]',
    'names ["many.example",["other"],["192.0.2.1","192.0.2.2","192.0.2.3","192.0.2.4"]]',
    'canonical "many.example"',
    'of an address ["short",["long.example"],["192.0.2.9"]]',
    'full "long.example"',
    `aliases ${aliases.length}`,
    'long [4321,"long"]',
    'too long "getservbyname ERANGE: result too large"',
    'too long by its name "gethostbyaddr ERANGE 192.0.2.78"',
    "done",
  ]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});
