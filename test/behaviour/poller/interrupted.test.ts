import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { startChild } from "../../support/child.ts";
import { listenOnLoopback } from "../../support/sockets.ts";
import { demand, requireTool } from "../../support/tools.ts";

const EINTR = 4;
const EINPROGRESS = 115;
const INTERRUPTED = fileURLToPath(new URL("programs/interrupted.mjs", import.meta.url));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Returns the path that strace writes to, and a function for the written lines: one for each system call. */
function traceFile(): { readonly path: string; lines(pattern: RegExp): string[] } {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-trace-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "trace");
  return {
    path,
    lines: (pattern) =>
      readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => pattern.test(line)),
  };
}

test("EINTR is retried in non-blocking data calls", async (context) => {
  const strace = requireTool(context, "strace");
  const trace = traceFile();
  const calls = ["sendto", "recvfrom", "sendmsg", "recvmsg", "accept4"];
  const injections = calls.flatMap((call) => ["-e", `inject=${call}:error=EINTR:when=1..3`]);
  const options = ["-f", "-qq", "-o", trace.path, "-e", `trace=${calls.join(",")}`, ...injections];
  const child = await startChild(strace, [...options, process.execPath, INTERRUPTED, "transfer"]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(JSON.parse(child.stdout)).toEqual({
    ...{ sendto: 1, recvfrom: 1, sendmsg: 2, recvmsg: 2, connect: 0, accept4: true },
  });
  for (const call of calls) {
    const made = trace.lines(new RegExp(`\\b${call}\\(`));
    expect(
      made.map((line) => /EINTR.*INJECTED/.test(line)),
      call,
    ).toEqual([true, true, true, false]);
  }
});

describe("close() never retries EINTR", () => {
  // close(2), NOTES: Linux has released the descriptor; a second close could close another file.
  test("close() makes one system call, and frees the slot", async (context) => {
    const strace = requireTool(context, "strace");
    const trace = traceFile();
    const child = await startChild(process.execPath, [INTERRUPTED, "close"]);
    const [, descriptor = ""] = await child.line(/^closes (\d+)$/);
    const injection = ["-e", "trace=close", "-e", "inject=close:error=EINTR"];
    const tracer = await startChild("sh", [
      ...["-c", 'exec "$0" "$@" 2>&1', strace, "-f", "-o", trace.path, ...injection, "-p", String(child.pid)],
    ]);
    const [attached] = await tracer.line(/ attached|not permitted/);
    const missing = `strace may not attach to a process (${attached}): allow ptrace`;
    const search = / attached/.test(attached) ? { program: strace } : { missing };
    demand(context, search, process.env["SOCKWRIGHT_REQUIRE_TOOLS"] === "1");
    child.stdin.write("\n");
    const [report] = await child.line(/^\{.*\}$/);
    expect(JSON.parse(report)).toEqual({ close: 0, again: -9, open: 0 });
    await tracer.exit();
    expect(trace.lines(new RegExp(`close\\(${descriptor}\\)`))).toEqual([expect.stringMatching(/EINTR.*INJECTED/)]);
  });
});

describe("connect continues as EINPROGRESS after EINTR", () => {
  test("the addon makes one system call and returns EINTR", async (context) => {
    const strace = requireTool(context, "strace");
    const trace = traceFile();
    const options = ["-f", "-qq", "-o", trace.path, "-e", "trace=connect", "-e", "inject=connect:error=EINTR:when=1"];
    const child = await startChild(strace, [...options, process.execPath, INTERRUPTED, "connect"]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(JSON.parse(child.stdout)).toEqual({ connect: -EINTR });
    expect(trace.lines(/\bconnect\(/)).toHaveLength(1);
  });

  // The kernel continues the connect: connect(2), EINTR.
  test("the socket waits until it is connected", async () => {
    const listener = listenOnLoopback();
    const client = socket();
    onTestFinished(() => client.close());
    const { connect } = kernel;
    const played = vi.spyOn(kernel, "connect").mockImplementation((...args) => {
      const result = connect(...args);
      return result === -EINPROGRESS ? -EINTR : result;
    });
    await client.connect(listener.getsockname());
    expect(played).toHaveNthReturnedWith(1, -EINTR);
    // The second call takes the success, which the kernel returns once for any address.
    expect(played).toHaveBeenCalledTimes(2);
    const [peer] = await listener.accept();
    await client.sendall("connected");
    expect(String(await peer.recv(1024))).toBe("connected");
    peer.close();
  });

  test("the socket waits until it is refused", async () => {
    const gone = socket();
    gone.bind({ host: "127.0.0.1", port: 0 });
    const address = gone.getsockname();
    gone.close();
    const client = socket();
    onTestFinished(() => client.close());
    const { connect } = kernel;
    vi.spyOn(kernel, "connect").mockImplementation((...args) => {
      const result = connect(...args);
      return result === -EINPROGRESS ? -EINTR : result;
    });
    await expect(client.connect(address)).rejects.toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
  });
});
