import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { checkDescriptorCapacity } from "./descriptor-capacity.ts";
import { handlerLostError } from "./handler-lost-error.ts";
import { type HandlerReport, isReport, thrownValueOf } from "./handler-report.ts";
import { inheritedArguments } from "./inherited-arguments.ts";
import type { ProcessRequest } from "./request-process.ts";

// Always the compiled program, even when this file runs as TypeScript: a child cannot load TypeScript.
const PROGRAM = fileURLToPath(new URL("../../dist/socketserver/request-process.js", import.meta.url));

/** The child process of one request. */
export interface RequestChild {
  readonly pid: number;
  /** Resolves when the child has exited with 0; rejects when it has ended in any other way, with the reported error as cause. */
  readonly ended: Promise<void>;
}

/**
 * Starts a child process for one request. The child inherits the descriptor, the standard streams and the environment; all other
 * descriptors are close-on-exec. Once this resolves, the child has the descriptor open, too.
 *
 * @throws SocketError `EMFILE`, `ENFILE` · Error `EAGAIN`, `ENOMEM` … of spawn.
 */
export async function startChild(message: ProcessRequest, descriptor: number): Promise<RequestChild> {
  // A message that cannot be sent, as with a custom client_address, throws here, before a child waits for it.
  serialize(message);
  checkDescriptorCapacity();
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
  // If the child ends before it receives the message, `ended` rejects.
  child.send(message, () => undefined);
  return { pid, ended };
}

function endOf(child: ChildProcess): Promise<void> {
  let report: HandlerReport | undefined;
  child.on("message", (message: unknown) => {
    if (isReport(message)) report = message;
  });
  // A broken channel or a failed kill: the `close` event follows in any case.
  child.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    // Not `exit`: the report may arrive after that.
    child.once("close", (exitCode: number | null, signal: NodeJS.Signals | null) => {
      if (exitCode === 0) resolve();
      else reject(handlerLostError({ exitCode, signal }, report && thrownValueOf(report)?.error));
    });
  });
}
