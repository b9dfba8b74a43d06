import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { checkDescriptorRoom } from "./descriptor-room.ts";
import { handlerLost } from "./handler-lost.ts";
import { type HandlerReport, isReport, thrownIn } from "./handler-report.ts";
import { inheritedArguments } from "./inherited-arguments.ts";
import type { ProcessRequest } from "./request-process.ts";

// The compiled program, also where this file is not compiled: a child has no loader of types.
const PROGRAM = fileURLToPath(new URL("../../dist/socketserver/request-process.js", import.meta.url));

/** The child process of one request. */
export interface RequestChild {
  readonly pid: number;
  /** Resolves when it has exited with 0; rejects when it has ended in any other way, and with what it failed of as the cause. */
  readonly ended: Promise<void>;
}

/**
 * Starts a child with the descriptor, the standard streams and the environment of this process, and nothing else of it: all
 * other descriptors are close-on-exec. Once this resolves the descriptor is the child's, too.
 *
 * @throws SocketError `EMFILE`, `ENFILE` · Error `EAGAIN`, `ENOMEM` … of spawn.
 */
export async function startChild(message: ProcessRequest, descriptor: number): Promise<RequestChild> {
  // What cannot be sent throws here, before there is a child that waits for it: a client_address of the program's own.
  serialize(message);
  checkDescriptorRoom();
  const child = spawn(process.execPath, [...inheritedArguments(process.execArgv), PROGRAM], {
    stdio: ["inherit", "inherit", "inherit", descriptor, "ipc"],
    serialization: "advanced",
  });
  const { pid } = child;
  if (!pid) {
    const [error] = await once(child, "error");
    throw error;
  }
  const ended = endOf(child);
  // Where it has ended before it took the message, its end says so.
  child.send(message, () => undefined);
  return { pid, ended };
}

function endOf(child: ChildProcess): Promise<void> {
  let report: HandlerReport | undefined;
  child.on("message", (message: unknown) => {
    if (isReport(message)) report = message;
  });
  // A channel that is torn apart, or a kill that fails: the end is what counts, and comes all the same.
  child.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    // Not `exit`: what it has said may come after that.
    child.once("close", (exitCode: number | null, signal: NodeJS.Signals | null) => {
      if (exitCode === 0) resolve();
      else reject(handlerLost({ exitCode, signal }, report && thrownIn(report)?.error));
    });
  });
}
