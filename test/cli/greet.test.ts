import { describe, expect, test } from "vitest";
import { type Connection, connect } from "../../src/server.ts";
import { type Child, startChild } from "../support/child.ts";
import { connected } from "../support/connected.ts";
import { requireTool } from "../support/tools.ts";
import { freeFolder, start, stopped } from "./sockwright.ts";

/** A server that is ready, and its URLs. */
async function greeting(...args: readonly string[]): Promise<{ child: Child; urls: readonly string[] }> {
  const listeners = args.filter((arg) => arg === "--listen").length;
  const child = await start("greet", ...args);
  const urls: string[] = [];
  while (urls.length < listeners) urls.push((await child.line(/^listening on (.+)$/))[1] ?? "");
  return { child, urls };
}

const TCP = ["--listen", "tcp://127.0.0.1:0"] as const;
const UDP = ["--listen", "udp://127.0.0.1:0"] as const;

/** Resolves when nothing listens there any more. */
async function refused(url: string): Promise<void> {
  for (;;) {
    const outcome = await connect(url).catch((error: unknown) => error);
    if (!(outcome instanceof Error)) (outcome as Connection).abort();
    // When a listener closes, the kernel resets connections that it has not handed over.
    else if ("code" in outcome && outcome.code !== "ECONNRESET") {
      expect(outcome.code).toBe("ECONNREFUSED");
      return;
    }
  }
}

describe("the tutorials' Python clients", () => {
  const run = (context: Parameters<typeof requireTool>[0], program: string): Promise<Child> =>
    startChild(requireTool(context, "python3"), ["-c", program]);

  test("a connection, with the greeting that the clients expect", async (context) => {
    const { child, urls } = await greeting(...TCP, "--greeting", "Welcome!");
    const { port } = new URL(urls[0] ?? "");
    const program = `
import socket
with socket.create_connection(("127.0.0.1", ${port})) as s:
    print(s.recv(1024).decode())
    for name in ("Rose", "Think", "Babala"):
        s.send(name.encode())
        print(s.recv(1024).decode())
    s.send(b"exit")
    print(s.recv(1024))
`;
    const python = await run(context, program);
    await python.exit();
    expect(python.stdout).toBe("Welcome!\nHello, Rose!\nHello, Think!\nHello, Babala!\nb''\n");
    await child.line(/^closed /);
    const lines = (await stopped(child)).trimEnd().replaceAll(/:\d+/g, ":PORT").split("\n");
    expect(lines).toEqual([
      "listening on tcp://127.0.0.1:PORT",
      "opened 127.0.0.1:PORT",
      ...["Rose", "Think", "Babala", "exit"].map((name) => `127.0.0.1:PORT says: ${name}`),
      "closed 127.0.0.1:PORT",
    ]);
  });

  test("datagrams", async (context) => {
    const { child, urls } = await greeting(...UDP);
    const { port } = new URL(urls[0] ?? "");
    const program = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for name in (b"client1", b"client2"):
    s.sendto(name, ("127.0.0.1", ${port}))
    print("Received", s.recv(1024).decode())
`;
    const python = await run(context, program);
    await python.exit();
    expect(python.stdout).toBe("Received Hello, client1\nReceived Hello, client2\n");
    await stopped(child);
  });

  test("nc", async (context) => {
    requireTool(context, "nc");
    const { child, urls } = await greeting(...TCP);
    const { port } = new URL(urls[0] ?? "");
    const nc = await startChild("sh", ["-c", `printf 'you\\nexit\\n' | nc -N 127.0.0.1 ${port}`]);
    await nc.exit();
    // One read may return both lines: then they are one message.
    expect(nc.stdout).toMatch(/^Welcome!\nHello, you(!\n|\nexit!\n)$/);
    await stopped(child);
  });
});

test("hostile bytes of a client cannot harm the terminal", async () => {
  const { child, urls } = await greeting(...TCP);
  const connection = await connected(urls[0] ?? "");
  connection.write(Buffer.from("\u001b[2Jred\u202e\n\\"));
  await child.line(/ says: \\x1b\[2Jred\\u\{202e\}\\n\\\\$/);
  connection.write(Buffer.from([0x41, 0xff, 0x07]));
  await child.line(/ says: A\\xff\\x07$/);
  await stopped(child);
  expect(child.stdout).not.toMatch(/[^\n\x20-\x7e]/);
});

test("--json: the same, one object per line", async () => {
  const { child, urls } = await (async () => {
    const server = await start("greet", ...TCP, "--json");
    const [line] = await server.line(/^\{.*\}$/);
    return { child: server, urls: [(JSON.parse(line) as { url: string }).url] };
  })();
  const connection = await connected(urls[0] ?? "");
  await connection.readExactly("Welcome!\n".length);
  connection.write("Rose");
  await connection.readExactly("Hello, Rose!".length);
  connection.write(Buffer.from([0xff]));
  await connection.readExactly("Hello, ?!".length);
  await connection.end();
  expect(await connection.read()).toBeUndefined();
  await child.line(/"closed"/);
  const events = (await stopped(child))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(events).toMatchObject([
    { event: "listening", url: urls[0] },
    { event: "opened" },
    { event: "message", data: "Rose" },
    { event: "message", base64: "/w==" },
    { event: "closed" },
  ]);
});

test("the options of the service", async () => {
  const { child, urls } = await greeting(
    ...TCP,
    ...["--greeting", "hi\n", "--reply", "<{data}>", "--farewell", "bye", "--frame", "lines", "--read-size", "16"],
  );
  const connection = await connected(urls[0] ?? "");
  connection.write("one\ntwo\nbye\n");
  expect(String(await connection.readUntil("<two>\n"))).toBe("hi\n<one>\n<two>\n");
  expect(await connection.read()).toBeUndefined();
  (await connected(urls[0] ?? "")).write("more than sixteen bytes");
  await child.line(/^failed .*: a line is longer than 16 bytes \(--read-size\)$/);
});

test("--close-after-first ends a connection after the first message", async () => {
  const { urls } = await greeting(...TCP, "--close-after-first");
  const connection = await connected(urls[0] ?? "");
  connection.write("Hello Server");
  expect(String(await connection.readUntil("\n"))).toBe("Welcome!\n");
  expect(await connection.read()).toBeUndefined();
});

test("a signal gives the connections --grace to end; a second signal ends the server at once", async () => {
  const { child, urls } = await greeting(...TCP, "--delay", "1h", "--grace", "1h");
  const connection = await connected(urls[0] ?? "");
  connection.write("x");
  await child.line(/ says: x$/);
  child.kill("SIGTERM");
  await refused(urls[0] ?? "");
  child.kill("SIGTERM");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});

describe("an error is one clear line", () => {
  test.each([
    [["--listen", "tpc://127.0.0.1:0"], 2, /did you mean tcp:\?/],
    [["--listen", "tcp://127.0.0.1:70000"], 2, /a port is a number from 0 to 65535/],
    [["--listen", `unix:/${"x".repeat(120)}`], 2, /at most 107 bytes/],
    [
      ["--listen", "http://127.0.0.1:0"],
      2,
      /^sockwright: --listen "http:\/\/127\.0\.0\.1:0": greet does not speak HTTP: write tcp:\/\/127\.0\.0\.1:0\n$/,
    ],
    [["--listen", "http+unix:/tmp/g.sock"], 2, /greet does not speak HTTP: write unix:\/tmp\/g\.sock\n$/],
    [["--listn", "tcp://127.0.0.1:0"], 2, /did you mean --listen\?/],
    [["--read-size", "0"], 2, /--read-size "0" is not a read size: write a number from 1 to 65536/],
    [["--delay", "soon"], 2, /--delay "soon" is not a time: write 500ms, 2s, 5m, 1h or 1d/],
    [["--frame", "words"], 2, /read, lines/],
    [["--listen", "tcp://192.0.2.1:0"], 1, /is not an address of this machine/],
  ] as const)("%j", async (args, code, message) => {
    const child = await start("greet", ...args);
    expect(await child.exit()).toEqual({ code, signal: null });
    expect(child.stdout).toBe("");
    expect(child.stderr).toMatch(message);
    expect(child.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a port that is in use, and a path in a missing folder", async () => {
    const { urls } = await greeting(...TCP);
    const second = await start("greet", "--listen", urls[0] ?? "");
    expect(await second.exit()).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/the address is taken/);
    const third = await start("greet", ...TCP, "--listen", urls[0] ?? "");
    expect(await third.exit()).toEqual({ code: 1, signal: null });
    expect(third.stderr).toMatch(`sockwright: ${urls[0]}: the address is taken`);
    const lost = await start("greet", "--listen", `unix:${freeFolder()}/none/greet.sock`);
    expect(await lost.exit()).toEqual({ code: 1, signal: null });
    expect(lost.stderr).toMatch(/a folder of the path is missing/);
  });
});

test("the help contains the command of the README", async () => {
  const child = await start("greet", "--help");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  for (const option of ["--listen", "--greeting", "--reply", "--farewell", "--read-size", "--frame", "--delay"]) {
    expect(child.stdout).toContain(option);
  }
});
