import { type InputLine, LineSplitter } from "../../services/chat/line-splitter.ts";
import type { Channel } from "../channel.ts";
import { printable, textOf } from "../printable.ts";

/** The longest line; of what is longer only so much is shown. A message has at most 32 KiB, and its name before it. */
export const MAX_LINE_BYTES = 64 * 1024;

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
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    for (let bytes = await this.#channel.receive(); bytes !== undefined; bytes = await this.#channel.receive()) {
      for (const line of splitter.take(bytes)) yield textOfLine(line);
      if (this.#keepsRecords) for (const line of splitter.end()) yield textOfLine(line);
    }
    for (const line of splitter.end()) yield textOfLine(line);
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
function textOfLine({ type, bytes }: InputLine): string {
  const text = textOf(bytes) ?? printable(bytes);
  return type === "too-long" ? `${text} …` : text;
}
