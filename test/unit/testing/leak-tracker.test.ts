import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { LeakError, leakTracker } from "../../../src/testing/leak-tracker.ts";

async function listening(place: { host: string; port: number } | { path: string }): Promise<Server> {
  const server = createServer((peer) => peer.resume()).listen(place);
  await once(server, "listening");
  return server;
}

async function closed(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

test("nothing is reported when nothing was opened; what was open before is not a leak", async () => {
  const descriptor = openSync("/dev/null", "r");
  await using tracker = leakTracker();
  expect(tracker.leaks()).toEqual([]);
  closeSync(descriptor);
  expect(tracker.leaks()).toEqual([]);
});

test("assertNone throws with a description of each leak", async () => {
  const tracker = leakTracker({ patienceMs: 0 });
  const descriptor = openSync("/dev/null", "r");
  const timer = setTimeout(() => undefined, 60_000);
  try {
    const error: unknown = await tracker.assertNone().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LeakError);
    expect(error).toMatchObject({
      code: "ERR_SOCKWRIGHT_LEAK",
      leaks: [`descriptor ${descriptor} (/dev/null)`, "Timeout (1 more than before)"],
      message: `Left open:\n  descriptor ${descriptor} (/dev/null)\n  Timeout (1 more than before)`,
    });
  } finally {
    closeSync(descriptor);
    clearTimeout(timer);
  }
  await tracker.assertNone();
});

test.each([
  [
    "tcp",
    { host: "127.0.0.1", port: 0 },
    /tcp 127\.0\.0\.1:(\d+) listening/,
    /tcp 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+/,
  ],
  [
    "tcp, IPv6",
    { host: "::1", port: 0 },
    /tcp \[(?:0000:){7}0001\]:\d+ listening/,
    /tcp \[(?:0000:){7}0001\]:\d+ to \[/,
  ],
  ["unix", { path: join(tmpdir(), `sockwright-${randomUUID()}`) }, /unix \S+sockwright-\S+/, /socket:\[\d+\]: unix/],
] as const)("a leaked socket is described: %s", async (_, place, listener, connection) => {
  const tracker = leakTracker({ patienceMs: 0 });
  const server = await listening(place);
  const address = server.address();
  expect(tracker.leaks().find((leak) => leak.startsWith("descriptor"))).toMatch(listener);
  const client =
    typeof address === "string" || address === null
      ? connect(address ?? "")
      : connect({ host: address.address, port: address.port });
  const accepted = once(server, "connection");
  await once(client, "connect");
  await accepted;
  expect(tracker.leaks().filter((leak) => connection.test(leak)).length).toBeGreaterThanOrEqual(2);
  client.end();
  await closed(server);
});

test("assertNone waits for a pending close", async () => {
  await using tracker = leakTracker();
  const server = await listening({ host: "127.0.0.1", port: 0 });
  server.close();
  expect(tracker.leaks()).not.toEqual([]);
});

test("additional counters are watched, too", async () => {
  let members = 1;
  const tracker = leakTracker({ patienceMs: 0, counters: [["members of the pool", () => members]] });
  members = 3;
  await expect(tracker.assertNone()).rejects.toThrow("members of the pool (2 more than before)");
  members = 0;
  await tracker.assertNone();
});

test("MAX_PATIENCE_MS limits patienceMs", () => {
  expect(() => leakTracker({ patienceMs: 600_001 })).toThrow(RangeError);
  expect(() => leakTracker({ patienceMs: -1 })).toThrow(RangeError);
});

// In a new process, in which neither libsql nor the poller has an epoll descriptor yet.
test("epoll descriptors of libsql are leaks and that of the poller is not, whichever is opened first", () => {
  const program = fileURLToPath(new URL("programs/opens-epoll.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  const { opened, ofLibsql, ofPoller } = JSON.parse(stdout);
  expect(opened).toBeGreaterThan(0);
  expect(ofLibsql).toHaveLength(opened);
  expect(ofPoller).toEqual([]);
});

// In a separate process: the test process has already printed something.
test.each([
  ["files", ["sh", "-c", '"$0" "$1" "$2" >"$2.out" 2>&1']],
  ["pipes", ["sh", "-c", '{ "$0" "$1" "$2" 2>&1; } | cat']],
  ["a terminal", ["script", "-qec", '"$NODE" "$PROGRAM" "$REPORT"', "/dev/null"]],
  ["nothing", ["sh", "-c", '"$0" "$1" "$2" >/dev/null 2>&1']],
] as const)(
  "the descriptors of the first output, and those that libuv keeps in reserve, are not leaks: to %s",
  async (name, [program, ...args]) => {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const report = join(folder, "report");
    const within = fileURLToPath(new URL("programs/prints-within.mjs", import.meta.url));
    const rest = name === "a terminal" ? [] : [process.execPath, within, report];
    const env = { ...process.env, NODE: process.execPath, PROGRAM: within, REPORT: report };
    const child = spawn(program, [...args, ...rest], { env, stdio: ["ignore", "ignore", "inherit"] });
    const [code] = await once(child, "exit");
    expect([code, readFileSync(report, "utf8")]).toEqual([0, "[]"]);
  },
);
