import type { Channel } from "../channel.ts";
import { printable, textOf } from "../printable.ts";
import { type Line, LineSplitter } from "./line-splitter.ts";

/** A connection over which lines of text go both ways. */
export class LineConnection {
  readonly #channel: Channel;
  readonly #keepsRecords: boolean;

  /** @param keepsRecords - the end of a record is that of a line, whether it has one or not. */
  constructor(channel: Channel, keepsRecords: boolean) {
    this.#channel = channel;
    this.#keepsRecords = keepsRecords;
  }

  /** What comes, until the other end ends. */
  async *lines(): AsyncGenerator<string, void> {
    const splitter = new LineSplitter();
    for (let bytes = await this.#channel.receive(); bytes !== undefined; bytes = await this.#channel.receive()) {
      for (const line of splitter.push(bytes)) yield textOfLine(line);
      const rest = this.#keepsRecords ? splitter.end() : undefined;
      if (rest !== undefined) yield textOfLine(rest);
    }
    const rest = splitter.end();
    if (rest !== undefined) yield textOfLine(rest);
  }

  /** Settles when the kernel has taken it. */
  async send(line: string): Promise<void> {
    await this.#channel.send(Buffer.from(`${line}\n`));
  }

  /** Nothing more is sent. */
  end(): void {
    this.#channel.end();
  }

  close(): void {
    this.#channel.close();
  }
}

/** What is no UTF-8 is shown byte by byte. */
function textOfLine({ bytes, isCut }: Line): string {
  const text = textOf(bytes) ?? printable(bytes);
  return isCut ? `${text} …` : text;
}
