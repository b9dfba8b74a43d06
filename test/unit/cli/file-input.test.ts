// Standard input from a file: the kernel sends it with sendfile, and the shared file offset is after the sent bytes.
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, closeSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AF_INET, AF_UNIX, type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { EOPNOTSUPP } from "../../../src/socket/errno.ts";
import { freeFolder, startInShell } from "../../cli/sockwright.ts";
import type { Child } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

/** More than the buffers of two sockets hold. */
const MUCH = 64 * 1024 * 1024;

type Family = "tcp" | "unix";

/** A listener: its URL, and its first accepted socket. */
function listener(family: Family = "tcp"): { url: string; peer: Promise<Socket<unknown>> } {
  const path = join(freeFolder(), "socket");
  const listening = family === "tcp" ? socket(AF_INET) : socket(AF_UNIX);
  onTestFinished(() => listening.close());
  listening.bind(family === "tcp" ? { host: "127.0.0.1", port: 0 } : { path });
  listening.listen();
  const accepted = listening.accept().then(([peer]) => {
    onTestFinished(() => peer.close());
    return peer;
  });
  const name = listening.getsockname();
  return { url: "port" in name ? `tcp://127.0.0.1:${name.port}` : `unix:${path}`, peer: accepted };
}

function fileOf(content: Buffer | string): string {
  const path = join(freeFolder(), "file");
  writeFileSync(path, content);
  return path;
}

/** Receives until the end, and returns the length and digest. */
async function received(peer: Socket<unknown>): Promise<{ bytes: number; digest: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for (let chunk = await peer.recv(65_536); chunk.length > 0; chunk = await peer.recv(65_536)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest("hex") };
}

function digestOf(...parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Runs `connect URL < FILE`, and reports its exit code and how many bytes of the file are left to read. */
function connect(url: string, path: string, ...flags: readonly string[]): Promise<Child> {
  const script = `exec 3<"$2"; sockwright connect "$1" "\${@:3}" <&3 & echo "pid $!"; wait $!; echo "code $?"; echo "left $(cat <&3 | wc -c)"`;
  return startInShell(script, url, path, ...flags);
}

async function outcome(child: Child): Promise<{ code: number; left: number }> {
  const [, code] = await child.line(/^code (\d+)$/);
  const [, left] = await child.line(/^left (\d+)$/);
  return { code: Number(code), left: Number(left) };
}

test.each<Family>(["tcp", "unix"])("a large file arrives whole: %s", async (family) => {
  const content = randomBytes(MUCH);
  const { url, peer } = listener(family);
  const child = await connect(url, fileOf(content));
  const got = await received(await peer);
  (await peer).close();
  expect(got).toEqual({ bytes: MUCH, digest: digestOf(content) });
  expect([await outcome(child), child.stderr]).toEqual([{ code: 0, left: 0 }, ""]);
});

test("sending starts at the current file offset", async () => {
  const { url, peer } = listener();
  const script = `{ head -c 5 >/dev/null; sockwright connect "$1" --json; echo "left $(cat | wc -c)"; } <"$2"`;
  const child = await startInShell(script, url, fileOf("12345the rest"));
  expect((await received(await peer)).digest).toBe(digestOf(Buffer.from("the rest")));
  (await peer).close();
  await child.line(/^left 0$/);
  expect(child.stderr).toMatch(/"bytesSent":8\b/);
});

test.each([
  ["an empty file", "", "", []],
  ["a file whose lines are changed", "a\nb\n", "a\r\nb\r\n", ["--crlf"]],
])("%s", async (_, content, expected, flags) => {
  const { url, peer } = listener();
  const child = await connect(url, fileOf(content), ...flags);
  expect((await received(await peer)).digest).toBe(digestOf(Buffer.from(expected)));
  (await peer).close();
  expect(await outcome(child)).toEqual({ code: 0, left: 0 });
});

test("bytes that are appended during the transfer are sent, too", async () => {
  const [content, more] = [randomBytes(MUCH), randomBytes(1_000)];
  const { url, peer } = listener();
  const path = fileOf(content);
  const child = await connect(url, path);
  await (await peer).readable();
  appendFileSync(path, more);
  expect(await received(await peer)).toEqual({ bytes: MUCH + 1_000, digest: digestOf(content, more) });
  (await peer).close();
  expect(await outcome(child)).toEqual({ code: 0, left: 0 });
});

test("a file that shrinks during the transfer ends early without an error", async () => {
  const { url, peer } = listener();
  const path = fileOf(Buffer.alloc(MUCH));
  const child = await connect(url, path);
  await (await peer).readable();
  truncateSync(path, 0);
  expect((await received(await peer)).bytes).toBeLessThan(MUCH);
  (await peer).close();
  expect(await outcome(child)).toEqual({ code: 0, left: 0 });
});

test("after a signal, the file offset is exactly after the sent bytes", async () => {
  const { url, peer } = listener();
  const child = await connect(url, fileOf(Buffer.alloc(MUCH)));
  const [, pid] = await child.line(/^pid (\d+)$/);
  await (await peer).readable();
  process.kill(Number(pid), "SIGTERM");
  const { code, left } = await outcome(child);
  expect(code).toBe(143);
  const { bytes } = await received(await peer);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes + left).toBe(MUCH);
});

test("a reset during the transfer is reported and ends the command", async () => {
  const { url, peer } = listener();
  const child = await connect(url, fileOf(Buffer.alloc(MUCH)));
  await (await peer).readable();
  // Closed with unread bytes, which sends a reset.
  (await peer).close();
  const { code, left } = await outcome(child);
  expect(code).toBe(1);
  expect(left).toBeGreaterThan(0);
  expect(child.stderr).toMatch(/data in transit may be lost/);
});

test("--idle-timeout ends the command when the peer reads nothing", async () => {
  const { url, peer } = listener();
  const child = await connect(url, fileOf(Buffer.alloc(MUCH)), "--idle-timeout", "50ms");
  await (await peer).readable();
  expect((await outcome(child)).code).toBe(3);
  expect(child.stderr).toContain("--idle-timeout");
});

test("a file that cannot be read is reported", async () => {
  const { url, peer } = listener();
  const child = await startInShell('sockwright connect "$1" 0>>"$2"; echo "code $?"', url, fileOf("something"));
  await peer;
  await child.line(/^code 2$/);
  expect(child.stderr).toMatch(/standard input cannot be read: EBADF/);
});

test("the file is sent with sendfile and read only to find its end, if the file system can tell what is in memory", async (context) => {
  const strace = requireTool(context, "strace");
  const path = fileOf(Buffer.alloc(1024 * 1024));
  const file = openSync(path, "r");
  onTestFinished(() => closeSync(file));
  if (kernel.probeFile(file, 0) === -EOPNOTSUPP) context.skip("the file system cannot");
  const { url, peer } = listener();
  const script = `"$1" -f -e trace=read,sendfile -o "$2.trace" sockwright connect "$3" <"$2"; grep -E "read\\(0,|sendfile\\(" "$2.trace"`;
  const child = await startInShell(script, strace, path, url);
  await received(await peer);
  (await peer).close();
  await child.exit();
  const reads = child.stdout.split("\n").filter((line) => line.includes("read(0,"));
  expect(reads).toEqual([expect.stringMatching(/ = 0$/)]);
  expect(child.stdout).toContain("sendfile(");
});
