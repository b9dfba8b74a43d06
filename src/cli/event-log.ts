import { codeOf } from "../socket/values.ts";
import type { StandardOutput } from "./standard-output.ts";

/** Lines that wait for whoever reads standard output; beyond that they are counted and left out. */
export const MAX_UNPRINTED_LINES = 10_000;

/** Of a file on a disk that is full: there may be space again later. */
const FULL: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT"]);

/** Prints what a server tells, a line each, and holds up nobody: neither a slow reader of them nor one that has gone. */
export class EventLog {
  readonly #output: Pick<StandardOutput, "write">;
  #lines: string[] = [];
  #leftOut = 0;
  /** Those for which there was no space. */
  #lost = 0;
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
      while (this.#lines.length > 0) await this.#printSome(this.#lines);
    } catch {
      // EPIPE: whoever closed the pipe wants to hear no more, and the server serves on.
      this.#isClosed = true;
      this.#lines = [];
    } finally {
      this.#printing = undefined;
    }
  }

  async #printSome(lines: readonly string[]): Promise<void> {
    const [leftOut, lost] = [this.#leftOut, this.#lost];
    this.#lines = [];
    this.#leftOut = 0;
    this.#lost = 0;
    const all = [
      // The last one that was begun may have no end.
      ...(lost > 0 ? ["", `sockwright: ${lost} lines were left out: there was no space for them`] : []),
      ...lines,
      ...(leftOut > 0 ? [`sockwright: ${leftOut} lines were left out: their reader is too slow`] : []),
    ];
    try {
      await this.#output.write(Buffer.from(`${all.join("\n")}\n`));
    } catch (error) {
      if (!FULL.has(codeOf(error))) throw error;
      this.#lost = lost + leftOut + lines.length;
    }
  }
}
