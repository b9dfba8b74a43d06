import type { StandardOutput } from "./standard-output.ts";

/** Lines that wait for whoever reads standard output; beyond that they are counted and left out. */
export const MAX_UNPRINTED_LINES = 10_000;

/** Prints what a server tells, a line each, and holds up nobody: neither a slow reader of them nor one that has gone. */
export class EventLog {
  readonly #output: Pick<StandardOutput, "write">;
  #lines: string[] = [];
  #leftOut = 0;
  #printing: Promise<void> | undefined;
  #isClosed = false;

  constructor(output: Pick<StandardOutput, "write">) {
    this.#output = output;
  }

  print(line: string): void {
    if (this.#isClosed) return;
    if (this.#lines.length >= MAX_UNPRINTED_LINES) {
      this.#leftOut++;
      return;
    }
    this.#lines.push(line);
    this.#printing ??= this.#printAll();
  }

  /** Settles when all has been printed. */
  async printed(): Promise<void> {
    await this.#printing;
  }

  async #printAll(): Promise<void> {
    try {
      while (this.#lines.length > 0) {
        const lines = this.#lines;
        this.#lines = [];
        if (this.#leftOut > 0) lines.push(`sockwright: ${this.#leftOut} lines were left out: their reader is too slow`);
        this.#leftOut = 0;
        await this.#output.write(Buffer.from(`${lines.join("\n")}\n`));
      }
    } catch {
      // EPIPE: whoever closed the pipe wants to hear no more, and the server serves on.
      this.#isClosed = true;
      this.#lines = [];
    } finally {
      this.#printing = undefined;
    }
  }
}
