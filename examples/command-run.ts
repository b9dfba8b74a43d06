// How the command servers run a command: without a shell, within limits, with its child processes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Socket } from "sockwright";
import { tell } from "./command.ts";
import { ERRORS, MAX_OUTPUT_BYTES, OUTPUT, sendFrame } from "./command-frame.ts";

const TIMEOUT_MS = Number(process.env["COMMAND_TIMEOUT_MS"] ?? 10_000); // shorter in the tests

/** Returns the exit status; for a stopped command it is the reason. */
export async function runCommand(argv: readonly string[], peer: Socket, stop: AbortController) {
  const [program = "", ...args] = argv;
  const env = { PATH: process.env["PATH"] };
  const child = spawn(program, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
  if (child.on("error", tell).pid === undefined) return 127;
  const end = (): void => {
    clearTimeout(timer);
    process.off("exit", end);
    try {
      process.kill(-Number(child.pid), "SIGKILL"); // kill(2): the group that `detached` made
    } catch {} // ESRCH: all its processes have ended
  };
  const timer = setTimeout(() => stop.abort(124), TIMEOUT_MS);
  process.on("exit", end);
  stop.signal.addEventListener("abort", end);
  let left = MAX_OUTPUT_BYTES;
  const forward = async (kind: number, output: AsyncIterable<Buffer>): Promise<void> => {
    for await (const data of output) {
      const part = data.subarray(0, left);
      left -= part.length;
      await sendFrame(peer, kind, part);
      if (part.length < data.length) return stop.abort(125);
    }
  };
  const outputs = [forward(OUTPUT, child.stdout), forward(ERRORS, child.stderr)];
  await Promise.all([once(child, "close"), ...outputs]).finally(() => stop.abort());
  if (typeof stop.signal.reason === "number") return stop.signal.reason;
  return child.exitCode ?? 128 + constants.signals[child.signalCode ?? "SIGKILL"];
}
