// `sockwright` between two pipes. The test holds the other ends, so that nothing is read or written unless the test does it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { freeFolder, program } from "./sockwright.ts";

export interface Piped {
  readonly pid: number;
  /** Its standard input reads from this pipe. */
  readonly stdin: Socket;
  /** Its standard output goes to this pipe, which only the test reads. */
  readonly stdout: Socket;
  readonly stderr: () => string;
  /** The first line on its standard error. */
  readonly firstLine: Promise<string>;
  readonly exitCode: Promise<number | null>;
}

/** The "pipe" of spawn() is a socket pair; these are pipes, fifo(7), as a shell makes them. */
export function startPiped(...args: readonly string[]): Piped {
  const folder = freeFolder();
  const [input, output] = [join(folder, "stdin"), join(folder, "stdout")];
  execFileSync("mkfifo", [input, output]);
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  const own = { read: openSync(output, O_RDONLY | O_NONBLOCK), write: -1 };
  const its = { read: openSync(input, O_RDONLY | O_NONBLOCK), write: openSync(output, O_WRONLY) };
  own.write = openSync(input, O_WRONLY | O_NONBLOCK);
  const child = spawn(process.execPath, [program, ...args], { stdio: [its.read, its.write, "pipe"] });
  closeSync(its.read);
  closeSync(its.write);
  const stdin = new Socket({ fd: own.write, readable: false, writable: true });
  const stdout = new Socket({ fd: own.read, readable: true, writable: false });
  stdin.on("error", () => undefined);
  stdout.pause();
  let stderr = "";
  const firstLine = new Promise<string>((resolve) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const end = stderr.indexOf("\n");
      if (end >= 0) resolve(stderr.slice(0, end));
    });
  });
  const exitCode = once(child, "close").then(([code]) => (typeof code === "number" ? code : null));
  onTestFinished(async () => {
    stdin.destroy();
    stdout.destroy();
    child.kill("SIGKILL");
    await exitCode;
  });
  if (child.pid === undefined) throw new Error("no process");
  return { pid: child.pid, stdin, stdout, stderr: () => stderr, firstLine, exitCode };
}

/** Returns the next bytes, at most this many; none at the end. */
export async function read(stream: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const room = Math.min(count, Math.max(stream.readableLength, 1));
    const data: unknown = stream.read(room);
    if (data instanceof Buffer) return data;
    if (stream.readableEnded) return Buffer.alloc(0);
    const either = new AbortController();
    const waits = ["readable", "end"].map((event) => once(stream, event, { signal: either.signal }));
    await Promise.race(waits);
    either.abort();
    await Promise.allSettled(waits);
  }
}

/** Returns the number of bytes up to the end. */
export async function readToEnd(stream: Socket): Promise<number> {
  let total = 0;
  for (let data = await read(stream, 65_536); data.length > 0; data = await read(stream, 65_536)) total += data.length;
  return total;
}
