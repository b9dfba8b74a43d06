// Every failure of the command is one line and the right exit code, whatever standard error is.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, AF_UNIX, SOCK_DGRAM, socket } from "../../src/index.ts";
import { startChild } from "../support/child.ts";
import { runHere } from "./in-process.ts";
import { freeFolder, program, startInShell } from "./sockwright.ts";

const CLOSED = "tcp://127.0.0.1:1";

/** A program of the test in the place of `sockwright`'s commands: it fails with an unexpected error. */
const PLANTED = {
  "a rejection that nobody awaits": "Promise.reject(new TypeError('planted'))",
  "an exception in a callback": "setImmediate(() => { throw new TypeError('planted') })",
  "a value that is no error": "Promise.reject('planted')",
} as const;

describe("wrong values: exit code 2", () => {
  test.for<[args: string[], said: string]>([
    [["connect", "tcp://[fe80::1%nope]:80"], 'the zone "nope", but no interface has that name'],
    [["listen", "tcp://[fe80::1%nope]:0"], 'the zone "nope", but no interface has that name'],
    [["listen", "udp://[fe80::1%25nope]:0"], 'the zone "nope", but no interface has that name'],
    [["listen", "udp://[ff02::1%nope]:0"], 'the zone "nope", but no interface has that name'],
    [["greet", "--listen", "tcp://[fe80::1%nope]:0"], 'the zone "nope", but no interface has that name'],
    [["greet", "--listen", "udp://[fe80::1%nope]:0"], 'the zone "nope", but no interface has that name'],
    [["connect", "tcp://[::1]:80", "--source", "[fe80::1%nope]"], 'the zone "nope", but no interface has that name'],
    [["connect", "tcp://[fe80::1]:80"], "write tcp://[fe80::1%eth0]:80"],
    [["connect", "/tmp/x"], "write unix:/tmp/x"],
    [["listen", "./x"], "write unix:./x"],
    [["greet", "--listen", "@x"], "write unix:@x"],
    [["help", "foo"], "unknown command 'foo'"],
    [["help", "conect"], "unknown command 'conect' (did you mean connect?)"],
    [["help", "connect", "listen"], "too many arguments for 'help'"],
    [["foo", "--help"], "unknown command 'foo'"],
    [["toString"], "unknown command 'toString'"],
  ])("%j", async ([args, said]) => {
    const inWords = await runHere(args);
    expect(inWords).toMatchObject({ code: 2, stdout: "" });
    expect(inWords.stderr).toMatch(/^sockwright: [^\n]+\n$/);
    expect(inWords.stderr).toContain(said);
    const { stderr, ...inJson } = await runHere([...args, "--json"]);
    expect(inJson).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(stderr)).toMatchObject({ event: "error", message: expect.stringContaining(said), exitCode: 2 });
  });

  test.for(["connect tcp://[fe80::1%nope]:80", "listen --wrong", "conect"])(
    "standard error is a pipe: %s",
    async (args) => {
      const child = await startInShell(`set -o pipefail; sockwright ${args} 2>&1 >/dev/null | cat`);
      expect(await child.exit()).toEqual({ code: 2, signal: null });
      expect(child.stdout).toMatch(/^sockwright: [^\n]+\n$/);
    },
  );
});

describe.for(Object.entries(PLANTED))("%s: one line, exit code 1", ([what, planted]) => {
  const redirections = what === "a value that is no error" ? ["", "2>&1 >/dev/null | cat"] : [""];
  test.for(redirections)("standard error is inherited: %s", async (redirection) => {
    // Loads the program first, so that its error handlers are installed.
    const preload = `import { setTimeout } from "node:timers";
      const plant = () => process.listenerCount("uncaughtException") > 0 ? ${planted} : setTimeout(plant, 1);
      setTimeout(plant, 1);`;
    const url = `data:text/javascript,${encodeURIComponent(preload)}`;
    const script = `NODE_OPTIONS=--import="$1" sockwright listen tcp://127.0.0.1:0 ${redirection}; exit "\${PIPESTATUS[0]}"`;
    const child = await startInShell(script, url);
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    const lines = (child.stdout + child.stderr).trimEnd().split("\n");
    expect(lines.filter((line) => !line.startsWith("listening on "))).toEqual([
      expect.stringMatching(/^sockwright: unexpected error: .*planted/),
    ]);
  });
});

describe("standard error cannot be written", () => {
  test.for(["2>&-", "2>/dev/full", "2> >(exec true)"])("%s: the exit codes are the same", async (redirection) => {
    for (const [args, code] of [
      ["connect tpc://127.0.0.1:1", 2],
      [`connect ${CLOSED}`, 1],
    ] as const) {
      const child = await startInShell(`sockwright ${args} ${redirection}; exit $?`);
      expect(await child.exit()).toEqual({ code, signal: null });
    }
  });

  test("a full pipe that nobody reads", async () => {
    const script = `import os, subprocess, sys
read, write = os.pipe()
os.set_blocking(write, False)
try:
    while True: os.write(write, bytes(4096))
except BlockingIOError: pass
os.set_blocking(write, True)
print(subprocess.run(sys.argv[1:], stderr=write, stdin=subprocess.DEVNULL).returncode, os.get_blocking(write))`;
    const child = await startChild("python3", [
      "-c",
      script,
      process.execPath,
      program,
      "connect",
      "tpc://127.0.0.1:1",
    ]);
    await child.exit();
    expect(child.stdout).toBe("2 True\n");
  });
});

test("a closed output is no failure of --help, and a full disk is one", async () => {
  const unread = await startInShell("set -o pipefail; sockwright --help | true");
  expect(await unread.exit()).toEqual({ code: 0, signal: null });
  const full = await startInShell("sockwright --help >/dev/full");
  expect(await full.exit()).toEqual({ code: 2, signal: null });
  expect(full.stderr).toMatch(/^sockwright: standard output cannot be written: ENOSPC[^\n]*\n$/);
});

test("--help and --version work without the addon; other commands say that it is missing", async () => {
  for (const args of ["--help", "connect --help", "listen --help", "greet --help"]) {
    const child = await startInShell(`SOCKWRIGHT_ADDON=/nonexistent sockwright ${args}`);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
  }
  const child = await startInShell(`SOCKWRIGHT_ADDON=/nonexistent sockwright connect ${CLOSED}`);
  expect(await child.exit()).toEqual({ code: 2, signal: null });
  expect(child.stderr).toMatch(/^sockwright: [^\n]*addon[^\n]*\n$/);
});

describe("the hints fit the address", () => {
  test.for(["unix", "unix-dgram", "unix-seqpacket"])("a taken path of %s has no port", async (scheme) => {
    const path = join(freeFolder(), "socket");
    writeFileSync(path, "precious");
    for (const args of [["listen"], ["greet", "--listen"]]) {
      const { code, stderr } = await runHere([...args, `${scheme}:${path}`]);
      expect(code).toBe(1);
      expect(stderr).toContain("the path is a file, not a socket: choose another path");
      expect(stderr).not.toMatch(/port|remove/);
    }
    const { stderr } = await runHere(["connect", `${scheme}:${path}`]);
    expect(stderr).toContain("the path is a file, not a socket: choose another path");
    const folder = await runHere(["listen", `${scheme}:${dirname(path)}`]);
    expect(folder.stderr).toContain("the path is a folder, not a socket");
  });

  test("the hint does not advise to remove a path on which a server listens", async () => {
    const path = join(freeFolder(), "socket");
    const holder = socket(AF_UNIX);
    onTestFinished(() => holder.close());
    holder.bind({ path });
    holder.listen();
    const { stderr } = await runHere(["listen", `unix:${path}`]);
    expect(stderr).toContain("the address is taken: choose another path (");
  });

  test.for(["connect", "listen"])("%s: a shell expands ~ at the beginning of a word only", async (command) => {
    const { code, stderr } = await runHere([command, "unix:~/no-such-folder/x.sock"]);
    expect(code).toBe(1);
    expect(stderr).toContain('the shell does not expand ~ here: write "$HOME/no-such-folder/x.sock"');
  });

  test("an unknown transport", async () => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", "foo");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { code, stderr } = await runHere(["greet", "--listen", "tcp://127.0.0.1:0"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('SOCKWRIGHT_TRANSPORT is "foo": it can be "native" or "node"'),
    ]);
  });

  test("an abstract name that is in use", async () => {
    const holder = socket(AF_UNIX);
    onTestFinished(() => holder.close());
    holder.bind({ abstract: `sockwright-taken-${process.pid}` });
    holder.listen();
    const { code, stderr } = await runHere(["listen", `unix:@sockwright-taken-${process.pid}`]);
    expect(code).toBe(1);
    expect(stderr).toContain("the address is taken: choose another name");
  });

  test("the message about a lost peer of listen names that peer's address", async () => {
    const child = await startInShell('exec 2>&1; sockwright listen "$@"', "udp://127.0.0.1:0");
    const [, port = ""] = await child.line(/^listening on udp:\/\/127\.0\.0\.1:(\d+)$/);
    const peer = socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => peer.close());
    await peer.sendto("x\n", { host: "127.0.0.1", port: Number(port) });
    const own = peer.getsockname().port;
    await child.line(/^x$/);
    peer.close();
    child.stdin.write("answer");
    await child.line(new RegExp(`^sockwright: udp://127\\.0\\.0\\.1:${own}: the peer has gone`));
    expect((await child.exit()).code).toBe(1);
  });
});

describe("--json: a close event follows an error", () => {
  test.for(["connect", "listen"])("%s, and the peer resets", async (command) => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    const { port } = listener.listen().getsockname();
    const isClient = command === "connect";
    const url = `tcp://127.0.0.1:${isClient ? port : 0}`;
    const child = await startInShell('exec 2>&1 >/dev/null; sockwright "$@"', command, url, "--json");
    const peer = isClient ? (await listener.accept())[0] : socket();
    onTestFinished(() => peer.close());
    if (!isClient) {
      const [, real = ""] = await child.line(/"listening".*:(\d+)"/);
      await peer.connect({ host: "127.0.0.1", port: Number(real) });
    }
    await child.line(/"open"/);
    child.stdin.write("1234");
    expect(String(await peer.recv(16))).toBe("1234");
    // socket(7), SO_LINGER: closes with a reset.
    peer.setsockopt(1, 13, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
    peer.close();
    await child.line(/"error".*"code":"ECONNRESET","exitCode":1/);
    await child.line(/"close".*"bytesSent":4,"bytesReceived":0/);
    expect((await child.exit()).code).toBe(1);
  });

  test("connect ends after the idle timeout", async () => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    const url = `tcp://127.0.0.1:${listener.listen().getsockname().port}`;
    const { code, stderr } = await runHere(["connect", url, "--json", "--idle-timeout", "0.05s"]);
    expect(code).toBe(3);
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([{ event: "open" }, { event: "error", exitCode: 3 }, { event: "close" }]);
  });
});
