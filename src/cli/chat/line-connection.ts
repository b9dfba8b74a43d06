import { type InputLine, LineSplitter } from "../../services/chat/line-splitter.ts";
import { printable, textOf } from "../printable.ts";
import type { SocketConnection } from "../socket-connection.ts";

/** The longest line; a longer received line is cut, a longer line of standard input is an error. A message has at most 32 KiB, after its name. */
export const MAX_LINE_BYTES = 64 * 1024;

/** A connection that sends and receives lines of text. */
export class LineConnection {
  readonly #connection: SocketConnection;
  readonly #keepsRecords: boolean;

  /** @param keepsRecords - whether the end of each record also ends a line, with or without LF. */
  constructor(connection: SocketConnection, keepsRecords: boolean) {
    this.#connection = connection;
    this.#keepsRecords = keepsRecords;
  }

  /** The received lines, until the peer ends the connection. */
  async *lines(): AsyncGenerator<string, void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    for (let bytes = await this.#connection.receive(); bytes !== undefined; bytes = await this.#connection.receive()) {
      for (const line of splitter.take(bytes)) yield textOfLine(line);
      if (this.#keepsRecords) for (const line of splitter.end()) yield textOfLine(line);
    }
    for (const line of splitter.end()) yield textOfLine(line);
  }

  /** Settles when the kernel has accepted the line. */
  async send(line: string): Promise<void> {
    await this.#connection.send(Buffer.from(`${line}\n`));
  }

  /** Ends the sending direction. */
  end(): void {
    // The receiving direction tells a loss.
    Promise.resolve(this.#connection.end()).catch(() => undefined);
  }

  close(): void {
    this.#connection.close();
  }
}

/** Returns a line as text; bytes that are not valid UTF-8 are escaped one by one. */
function textOfLine({ type, bytes }: InputLine): string {
  const text = textOf(bytes) ?? printable(bytes);
  return type === "too-long" ? `${text} …` : text;
}
