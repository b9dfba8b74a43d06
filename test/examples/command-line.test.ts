// The first programs of the tutorials as commands: their arguments, the errors of the network, their exit.
import { createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { startProgram, startServer } from "./tutorial.ts";

const servers = ["session-server", "greeting-server", "one-shot-server", "report-server", "udp-server"] as const;
const clients = ["session-client", "greeting-client", "one-shot-client"] as const;
const TAKEN = "another program has that port, or had it a minute ago; give another address";

/** One line on standard error, without a stack trace, and nothing on standard output. */
async function expectOneLine(child: Child, code: number): Promise<string> {
  expect(await child.exit()).toEqual({ code, signal: null });
  expect(child.stderr).toMatch(/^\S[^\n]*\n$/);
  expect(child.stderr).not.toMatch(/^ +at |node:|file:|undefined|\[object/m);
  return child.stderr.trimEnd();
}

/** A server of the test that handles each connection as told, and ends with the test. */
async function serverThat(does: (peer: Socket) => void): Promise<string> {
  const peers = new Set<Socket>();
  const server: Server = createServer((peer) => {
    peers.add(peer);
    peer.on("error", () => undefined);
    does(peer);
  });
  onTestFinished(async () => {
    for (const peer of peers) peer.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return address !== null && typeof address === "object" ? `127.0.0.1:${address.port}` : expect.unreachable();
}

const wrong = ["8000", "127.0.0.1", "127.0.0.1:", ":8000", "127.0.0.1:port", "127.0.0.1:-1", "a b:1", "--help", ""];
const oneWrongEach = [...servers.slice(1), ...clients, "udp-client"].map((name) => [name, "8000"] as const);

test.for([...wrong.map((argument) => [servers[0], argument] as const), ...oneWrongEach])(
  "%s explains what is wrong with the argument %j, and what is right",
  async ([name, argument], context) => {
    const child = await startProgram(context, "TypeScript", name, [argument]);
    const line = `"${argument}" is not HOST:PORT. Usage: node dist/examples/${name}.js [HOST:PORT]`;
    expect(await expectOneLine(child, 2)).toBe(line);
    expect(child.stdout).toBe("");
  },
);

test("a program reports the highest valid port", async (context) => {
  const child = await startProgram(context, "TypeScript", "session-server", ["127.0.0.1:65536"]);
  expect(await expectOneLine(child, 2)).toContain(`"127.0.0.1:65536": a port is at most 65535. Usage: node `);
});

test("a program accepts one argument", async (context) => {
  const child = await startProgram(context, "TypeScript", "session-server", ["127.0.0.1:0", "127.0.0.1:0"]);
  expect(await expectOneLine(child, 2)).toMatch(/^one address is enough\. Usage: node /);
});

describe.each(servers)("%s", (name) => {
  test("reports that its port is in use", async (context) => {
    const holder = socket(AF_INET, name === "udp-server" ? SOCK_DGRAM : SOCK_STREAM);
    onTestFinished(() => holder.close());
    holder.bind({ host: "127.0.0.1", port: 0 });
    if (name !== "udp-server") holder.listen();
    const { port } = holder.getsockname();
    const child = await startProgram(context, "TypeScript", name, [`127.0.0.1:${port}`]);
    const line = await expectOneLine(child, 1);
    expect(line).toMatch(/^bind EADDRINUSE/);
    expect(line).toContain(`127.0.0.1:${port}`);
    expect(line.endsWith(TAKEN)).toBe(true);
  });

  test("reports that it accepts no host name", async (context) => {
    const child = await startProgram(context, "TypeScript", name, ["example.com:0"]);
    expect(await expectOneLine(child, 1)).toMatch(/take a numeric address/);
  });

  // RFC 5737: an address for documentation, which no machine has.
  test("reports that the address does not belong to this machine", async (context) => {
    const child = await startProgram(context, "TypeScript", name, ["192.0.2.1:8000"]);
    expect(await expectOneLine(child, 1)).toMatch(/^bind EADDRNOTAVAIL.* 192\.0\.2\.1:8000/);
  });

  test.for(["SIGINT", "SIGTERM"] as const)("ends with %s and exit code 0", async (signal, context) => {
    const { child } = await startServer(context, "TypeScript", name);
    child.kill(signal);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toMatch(/^listening on \S+\n$/);
  });
});

describe.each([...clients, "udp-client"])("%s", (name) => {
  test("reports that nothing listens", async (context) => {
    // Bound and not listening: no other process gets the port meanwhile. For UDP it is the other protocol's port.
    const holder = socket(AF_INET, SOCK_STREAM);
    onTestFinished(() => holder.close());
    holder.bind({ host: "127.0.0.1", port: 0 });
    const child = await startProgram(context, "TypeScript", name, [`127.0.0.1:${holder.getsockname().port}`]);
    expect(await expectOneLine(child, 1)).toMatch(/ECONNREFUSED.*: nobody listens there; start the server first$/);
  });

  test("reports an unknown name", async (context) => {
    // RFC 2606: a name that never exists.
    const child = await startProgram(context, "TypeScript", name, ["sockwright.invalid:8000"]);
    expect(await expectOneLine(child, 1)).toMatch(/sockwright\.invalid/);
  });
});

describe.each(clients)("%s", (name) => {
  test("gives up if the server sends nothing", async (context) => {
    const where = await serverThat(() => undefined);
    const child = await startProgram(context, "TypeScript", name, [where], { ANSWER_TIMEOUT_MS: "200" });
    expect(await expectOneLine(child, 1)).toMatch(/^recv: The call did not finish within/);
  });

  test("reports that the server has reset the connection", async (context) => {
    const where = await serverThat((peer) => peer.once("data", () => peer.resetAndDestroy()).write("Welcome!"));
    const child = await startProgram(context, "TypeScript", name, [where]);
    expect(await expectOneLine(child, 1)).toMatch(/^recv ECONNRESET$/);
  });

  test("prints terminal control characters in visible form", async (context) => {
    const where = await serverThat((peer) => peer.end("\x1b]0;title\x07\u009b"));
    const child = await startProgram(context, "TypeScript", name, [where]);
    await child.exit();
    expect(child.stdout).toContain("\\x1b]0;title\\x07\\x9b");
  });
});

test.for(["session-client", "greeting-client"])("%s says that the server has closed", async (name, context) => {
  const where = await serverThat((peer) => peer.end("Welcome!"));
  const child = await startProgram(context, "TypeScript", name, [where]);
  expect(await expectOneLine(child, 1)).toBe("the server has closed the connection");
});

test("one-shot-client joins characters that were cut in two, and prints bytes that are not characters in visible form", async (context) => {
  const bytes = Buffer.from("您好");
  const where = await serverThat((peer) => {
    peer.setNoDelay();
    peer.once("data", () => {
      peer.write(bytes.subarray(0, 2), () => setImmediate(() => peer.end(bytes.subarray(2, 5))));
    });
  });
  const child = await startProgram(context, "TypeScript", "one-shot-client", [where]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toBe("您\ufffd\n");
});

test("udp-client gives up if the server sends nothing", async (context) => {
  const silent = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => silent.close());
  silent.bind({ host: "127.0.0.1", port: 0 });
  const where = `127.0.0.1:${silent.getsockname().port}`;
  const child = await startProgram(context, "TypeScript", "udp-client", [where], { ANSWER_TIMEOUT_MS: "200" });
  expect(await expectOneLine(child, 1)).toMatch(/^recv: The call did not finish within/);
});

test("a server ends when its output is closed", async () => {
  const program = fileURLToPath(new URL("../../dist/examples/session-server.js", import.meta.url));
  const child = await startChild("sh", [
    "-c",
    '"$0" "$1" --lang zh 127.0.0.1:0 | head -n 1',
    process.execPath,
    program,
  ]);
  await child.line(/正在等待/);
  const listening = /^listening on tcp:\/\/127\.0\.0\.1:(\d+)\n$/;
  await expect.poll(() => child.stderr, { interval: 5 }).toMatch(listening);
  const port = Number(listening.exec(child.stderr)?.[1]);
  // Each client adds two lines that nobody reads.
  for (let errno = 0; errno === 0; ) {
    await using client = socket();
    errno = await client.connect_ex({ host: "127.0.0.1", port });
  }
  // The pipeline ends when both of its programs have ended.
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  // A client that disconnects before it has read its greeting may have reset the connection: one line each, and no stack.
  expect(child.stderr).toMatch(/^listening on [^\n]+\n(?:127\.0\.0\.1:\d+: \w+ (?:ECONNRESET|EPIPE)[^\n]*\n)*$/);
});
