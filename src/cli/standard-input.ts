import { closeSync, fstatSync, openSync } from "node:fs";
import { CommandError, exitCodes } from "./command-error.ts";

/** Standard input, read as fast as it is asked for. */
export class StandardInput {
  #isClosed = false;

  /** What comes, until its end or {@link close}. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    // Node would take it for an empty file.
    if (fstatSync(0).isDirectory()) throw unreadable("it is a folder");
    try {
      for await (const chunk of process.stdin) yield chunk;
    } catch (error) {
      if (this.#isClosed) return;
      const reason = error instanceof Error ? error.message : String(error);
      throw unreadable(reason, error);
    }
  }

  /** Takes no more: who writes into the pipe learns it by SIGPIPE. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { stdin } = process;
    const isOurs = isPipe();
    stdin.on("error", () => undefined);
    // libuv never closes descriptor 0; the number is taken again at once, so that no socket gets it.
    stdin.once("close", () => {
      if (!isOurs) return;
      closeSync(0);
      openSync("/dev/null", "r");
    });
    stdin.destroy();
  }
}

function unreadable(reason: string, error?: unknown): CommandError {
  return new CommandError(`standard input cannot be read: ${reason}`, exitCodes.usage, error);
}

function isPipe(): boolean {
  const stat = fstatSync(0);
  return stat.isFIFO() || stat.isSocket();
}
