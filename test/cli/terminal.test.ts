// Descriptors 0 to 2: closed, empty, files, and pipes whose other end is closed; and signals.
import { constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_UNIX, SHUT_WR, type Socket, socket } from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { freeFolder, startInShell, startListener } from "./sockwright.ts";

/** Runs a script in which `$1` is the URL of the test's listener, and returns its result with the accepted connection. */
async function run(script: string): Promise<{ child: Child; peer: Socket }> {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const url = `tcp://127.0.0.1:${listener.listen().getsockname().port}`;
  const child = await startInShell(script, url);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  return { child, peer };
}

describe("standard input", () => {
  test.for([
    ["/dev/null", "</dev/null"],
    ["closed", "<&-"],
  ])("%s: the peer sees the end of input, and the command prints the answer", async ([, input = ""]) => {
    const { child, peer } = await run(`sockwright connect $1 ${input}`);
    expect(await peer.recv(1)).toHaveLength(0);
    await peer.sendall("answer");
    peer.close();
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("answer");
    expect(child.stderr).toBe("");
  });

  test("a folder as standard input: one line, exit code 2", async () => {
    const { child } = await run("sockwright connect $1 </tmp");
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stderr).toMatch(/^sockwright: standard input cannot be read: it is a folder\n$/);
  });

  test("the writer of the pipe learns that the peer reads no more", async () => {
    const { child, peer } = await run('{ yes; echo "yes: $?" >&2; } | sockwright connect $1');
    await peer.recv(1);
    peer.close();
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    // Exit code of SIGPIPE: 128 + 13.
    expect(child.stderr).toMatch(/^yes: 141$/m);
    expect(child.stderr).toMatch(/^sockwright: .*(?:takes no more data|reset the connection)/m);
  });
});

describe("standard output", () => {
  test("the reader of the pipe sees its end while standard input is still open", async () => {
    const { child, peer } = await run(
      "sockwright connect $1 | { cat; echo; echo END >&2; exec >&-; cat >/dev/null; } 2>&1",
    );
    await peer.sendall("all");
    peer.shutdown(SHUT_WR);
    await child.line(/^all$/);
    await child.line(/^END$/);
    child.stdin.write("still here");
    expect(String(await peer.recv(16))).toBe("still here");
    child.stdin.end();
    expect(await peer.recv(1)).toHaveLength(0);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  test("when the reader closes the pipe, the command ends silently", async () => {
    const { child, peer } = await run("set -o pipefail; sockwright connect $1 | head -n 1");
    await peer.sendall("first\n");
    await child.line(/^first$/);
    // head has ended, or is about to end: one of these writes fails with EPIPE.
    const flood = (async () => {
      for (;;) await peer.sendall("more\n");
    })();
    await expect(flood).rejects.toThrow(/ECONNRESET|EPIPE/);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
  });

  test("closed: the command discards the received bytes", async () => {
    const { child, peer } = await run("sockwright connect $1 >&- </dev/null");
    await peer.sendall("answer");
    peer.close();
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  test("a full disk: one line, exit code 2", async () => {
    const { child, peer } = await run("sockwright connect $1 >/dev/full");
    await peer.sendall("answer");
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stderr).toMatch(/^sockwright: standard output cannot be written: ENOSPC[^\n]*\n$/);
  });

  test("standard input and output are files", async () => {
    const folder = freeFolder();
    writeFileSync(join(folder, "in"), "question");
    const { child, peer } = await run(`sockwright connect $1 <${folder}/in >>${folder}/out`);
    expect(String(await peer.recv(64))).toBe("question");
    await peer.sendall("answer");
    peer.close();
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("answer");
  });

  // Otherwise the next command of the shell would meet EAGAIN, or an output that is shut down; proc(5), fdinfo.
  test.for([
    ["pipe", "{ sockwright connect $1 </dev/null; grep ^flags: /proc/self/fdinfo/1; } | cat"],
    // The end that the test holds is a socket.
    ["socket", "sockwright connect $1 </dev/null; grep ^flags: /proc/self/fdinfo/1"],
  ])("a %s stays open and blocking for the processes that share it", async ([, script = ""]) => {
    const { child, peer } = await run(script);
    await peer.sendall("answer\n");
    peer.close();
    await child.line(/^answer$/);
    const [, flags = ""] = await child.line(/^flags:\s+(\d+)$/);
    expect(Number.parseInt(flags, 8) & constants.O_NONBLOCK).toBe(0);
  });
});

describe("a reset from the peer", () => {
  test("the command prints the bytes received before the reset; one line, exit code 1", async () => {
    const { child, peer } = await run("sockwright connect $1");
    await peer.sendall("answer\n");
    await child.line(/^answer$/);
    // socket(7): SO_LINGER of 0 seconds makes close send a reset.
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    peer.setsockopt(1, 13, linger);
    peer.close();
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/^sockwright: tcp:.*: the peer reset the connection[^\n]*\n$/);
  });
});

describe("signals", () => {
  test.for<[NodeJS.Signals, number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("%s ends a listener, which removes its path: exit code %d", async ([name, code]) => {
    const path = join(freeFolder(), "socket");
    const { child } = await startListener(`unix:${path}`);
    expect(existsSync(path)).toBe(true);
    process.kill(-child.pid, name);
    expect((await child.exit()).code ?? code).toBe(code);
    expect(existsSync(path)).toBe(false);
    expect(child.stdout).toBe(`listening on unix:${path}\n`);
  });

  test("SIGINT ends a connection: exit code 130", async () => {
    const { child, peer } = await run("sockwright connect $1 & trap 'kill -INT $!' USR1; wait $!; wait $!; echo $?");
    await peer.sendall("x\n");
    await child.line(/^x$/);
    child.kill("SIGUSR1");
    await child.line(/^130$/);
    expect(child.stderr).toBe("");
  });

  test("listen takes over the path of a listener that has ended", async () => {
    const path = join(freeFolder(), "socket");
    const left = socket(AF_UNIX);
    left.bind({ path });
    left.listen();
    left.close();
    const { child, url } = await startListener(`unix:${path}`);
    expect(url).toBe(`unix:${path}`);
    process.kill(-child.pid, "SIGTERM");
    await child.exit();
    expect(existsSync(path)).toBe(false);
  });
});
