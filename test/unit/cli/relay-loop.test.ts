import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isLoop } from "../../../src/cli/relay-loop.ts";
import { parseSocketUrl } from "../../../src/server.ts";

function loops(from: string, to: string): Promise<boolean> {
  return isLoop(parseSocketUrl(from), parseSocketUrl(to));
}

const own = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);

test.each([
  ["tcp://127.0.0.1:80", "tcp://127.0.0.1:80"],
  ["tcp://127.0.0.1:80", "tcp://localhost:80"],
  ["tcp://127.0.0.1:80", "tcp://[::ffff:127.0.0.1]:80"],
  ["tcp://0.0.0.0:80", "tcp://127.0.0.2:80"],
  ["tcp://*:80", "tcp://127.0.0.1:80"],
  ["tcp://[::]:80", "tcp://[::1]:80"],
  ["tcp://0.0.0.0:80", "tcp://0.0.0.0:80"],
  ["udp://127.0.0.1:80", "udp://127.0.0.1:80"],
  ["unix:@name", "unix:@name"],
  ["unix:relay.sock?mode=600", `unix:${process.cwd()}/relay.sock`],
  ["vsock://*:80", "vsock://1:80"],
  ["vsock://5:80", "vsock://5:80"],
  ...own.filter((address) => !address.includes(":")).map((address) => ["tcp://*:80", `tcp://${address}:80`] as const),
] as const)("%s to %s leads back", async (from, to) => {
  expect(await loops(from, to)).toBe(true);
});

test.each([
  ["tcp://127.0.0.1:80", "tcp://127.0.0.1:81"],
  ["tcp://127.0.0.1:80", "tcp://127.0.0.2:80"],
  ["tcp://*:80", "tcp://192.0.2.1:80"],
  ["tcp://127.0.0.1:80", "tcp://host.invalid:80"],
  ["tcp://127.0.0.1:80", "udp://127.0.0.1:80"],
  ["unix:@name", "unix:@other"],
  ["unix:name", "unix:@name"],
  ["unix:/no/such/folder/a", "unix:/no/such/folder/b"],
  ["vsock://*:80", "vsock://2:80"],
  ["fd:3", "tcp://127.0.0.1:80"],
])("%s to %s does not", async (from, to) => {
  expect(await loops(from, to)).toBe(false);
});

test("a path through a symbolic link is the same path", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-loop-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(folder, join(folder, "link"));
  expect(await loops(`unix:${folder}/a.sock`, `unix:${folder}/link/a.sock`)).toBe(true);
});
