// The first program from the command line, run as `node dist/examples/first-program.js ARGUMENTS`.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM, socket } from "../../../src/index.ts";
import { type Child, startChild } from "../../support/child.ts";
import { fillUnread } from "../../support/full.ts";

const firstProgram = fileURLToPath(new URL("../../../dist/examples/first-program.js", import.meta.url));
const FREE = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"];

function startFirstProgram(...args: readonly string[]): Promise<Child> {
  return startChild(process.execPath, [firstProgram, ...args]);
}

/** Starts the program on free ports, and returns them once it has printed them. */
async function started(): Promise<{ child: Child; tcp: number; udp: number }> {
  const child = await startFirstProgram(...FREE);
  const [, tcp] = await child.line(/^tcp:\/\/127\.0\.0\.1:(\d+) /);
  const [, udp] = await child.line(/^udp:\/\/127\.0\.0\.1:(\d+) /);
  await child.line(/Ctrl-C/);
  return { child, tcp: Number(tcp), udp: Number(udp) };
}

/** Expects one line on standard error, without a stack trace, and nothing on standard output. */
function expectOneLine(child: Child): void {
  expect(child.stdout).toBe("");
  expect(child.stderr).toMatch(/^\S[^\n]*\n$/);
  expect(child.stderr).not.toMatch(/^ +at |node:|file:|undefined|\[object/m);
}

test.each([
  "127.0.0.1:8000",
  "http://127.0.0.1:8000",
  "tcp://127.0.0.1",
  "tcp://127.0.0.1:",
  "tcp://127.0.0.1:port",
  "tcp://127.0.0.1:-1",
  "tcp://127.0.0.1:65536",
  "udp://127.0.0.1:65536",
  "tcp://127.0.0.1:99999999999999999999",
  "tcp://127.0.0.1:1.5",
  "tcp://256.1.1.1:8000",
  "tcp://1.2.3:8000",
  "tcp://[::1]:8000",
  "tcp://127.0.0.1:8000/path",
  "--help",
  "",
])("wrong usage prints one clear line and exits with code 2: %j", async (argument) => {
  const child = await startFirstProgram(argument);
  expect(await child.exit()).toEqual({ code: 2, signal: null });
  expectOneLine(child);
  expect(child.stderr).toContain(argument);
  expect(child.stderr).toMatch(
    /Usage: node dist\/examples\/first-program\.js \[tcp:\/\/ADDRESS:PORT\] \[udp:\/\/ADDRESS:PORT\]/,
  );
});

test.each([
  ["tcp", SOCK_STREAM],
  ["udp", SOCK_DGRAM],
] as const)("a taken port is one clear line that names what to change, and exit code 1: %s", async (protocol, type) => {
  const holder = socket(AF_INET, type);
  onTestFinished(() => holder.close());
  holder.bind({ host: "127.0.0.1", port: 0 });
  if (type === SOCK_STREAM) holder.listen();
  const { port } = holder.getsockname();
  const taken = `${protocol}://127.0.0.1:${port}`;
  const child = await startFirstProgram(taken, ...FREE.filter((url) => !url.startsWith(protocol)));
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expectOneLine(child);
  expect(child.stderr).toContain(`127.0.0.1:${port}`);
  expect(child.stderr).toMatch(/EADDRINUSE/);
  expect(child.stderr).toContain(`such as ${protocol}://`);
});

// RFC 5737: an address for documentation, which no machine has.
test("an address of another machine prints one clear line and exits with code 1", async () => {
  const child = await startFirstProgram("tcp://192.0.2.1:8000");
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expectOneLine(child);
  expect(child.stderr).toContain("192.0.2.1:8000");
});

describe("Ctrl-C ends the program with exit code 0", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("%s, with nobody connected", async (signal) => {
    const { child } = await started();
    child.kill(signal);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
  });

  test("SIGINT, with a client that sends nothing", async () => {
    const { child, tcp } = await started();
    const client = connect(tcp, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    expect(String((await once(client, "data"))[0])).toBe("Welcome!\n");
    child.kill("SIGINT");
    await once(client, "close");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
  });

  // A sendall() that is interrupted is not a failure of the program.
  test("SIGINT, with a client that floods and never reads", async () => {
    const { child, tcp } = await started();
    await using client = socket();
    await client.connect({ host: "127.0.0.1", port: tcp });
    // The program waits to send, and has stopped reading.
    await fillUnread(client, child.pid, Buffer.alloc(60_000, "flood\n"));
    child.kill("SIGINT");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
  });
});

test("the program serves the session in its source, line by line", async () => {
  const { tcp } = await started();
  const client = connect(tcp, "127.0.0.1").setEncoding("utf8");
  onTestFinished(() => void client.destroy());
  const next = async (): Promise<unknown> => (await once(client, "data"))[0];
  expect(await next()).toBe("Welcome!\n");
  client.write("wörld\n");
  expect(await next()).toBe("Hello, wörld!\n");
  client.write("exit\n");
  await once(client, "end");
});

test("--greeting is sent unchanged: the clients of the tutorials expect no line ending", async () => {
  const child = await startFirstProgram(...FREE, "--greeting", "Welcome!");
  const [, tcp] = await child.line(/^tcp:\/\/127\.0\.0\.1:(\d+) /);
  const client = connect(Number(tcp), "127.0.0.1");
  onTestFinished(() => void client.destroy());
  expect(String((await once(client, "data"))[0])).toBe("Welcome!");
  const wrong = await startFirstProgram("--greeting");
  expect(await wrong.exit()).toEqual({ code: 2, signal: null });
  expect(wrong.stderr).toMatch(/^--greeting lacks its text\. Usage: [^\n]*\n$/);
});

test("the program answers a datagram to its sender, with its content", async () => {
  const { udp } = await started();
  const client = createSocket("udp4");
  onTestFinished(() => new Promise<void>((resolve) => client.close(() => resolve())));
  client.send("you", udp, "127.0.0.1");
  const [data] = await once(client, "message");
  expect(String(data)).toBe("Hello, you");
});

test("a client that resets its connection does not affect the others", async () => {
  const { child, tcp } = await started();
  for (let round = 0; round < 20; round++) {
    const rude = connect(tcp, "127.0.0.1");
    await once(rude, "connect");
    rude.resetAndDestroy();
  }
  const client = connect(tcp, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  expect(String((await once(client, "data"))[0])).toBe("Welcome!\n");
  child.kill("SIGINT");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stderr).not.toMatch(/^ +at /m);
});
