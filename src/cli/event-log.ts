import { codeOf } from "../socket/values.ts";
import type { StandardOutput } from "./standard-output.ts";

/** The most lines to queue for a slow reader of standard output; further lines are counted and left out. */
export const MAX_UNPRINTED_LINES = 10_000;

/** Error codes of a full disk, which may have space again later. */
const FULL: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT"]);

/** Prints the events of a server, one per line. A slow reader, or one that has gone, does not delay the server. */
export class EventLog {
  readonly #output: Pick<StandardOutput, "write">;
  #lines: string[] = [];
  #leftOut = 0;
  /** Lines that could not be written because the disk was full. */
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

  /** Resolves when all lines are printed. */
  async printed(): Promise<void> {
    await this.#printing;
  }

  async #printAll(): Promise<void> {
    try {
      while (this.#lines.length > 0) await this.#printSome(this.#lines);
    } catch {
      // EPIPE: the reader closed the pipe; the server continues.
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
      // The last line may have been written in part.
      ...(lost > 0 ? ["", `sockwright: ${lost} lines were left out: there was no space to write them`] : []),
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
