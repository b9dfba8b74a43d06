import type { Connection } from "../../server/connection/connection.ts";
import { type InputLine, LineSplitter } from "./line-splitter.ts";
import { TelnetFilter } from "./telnet-filter.ts";

/** The lines that a client sends, whatever it sends them with. A record is a line, or several. */
export class LineInput {
  readonly #connection: Connection;
  readonly #filter = new TelnetFilter();
  readonly #splitter: LineSplitter;
  #hasCrLf = false;

  constructor(connection: Connection, maxBytes: number) {
    this.#connection = connection;
    this.#splitter = new LineSplitter(maxBytes);
  }

  /** How the client ends its lines, as far as it has shown it. */
  get lineEnd(): "\n" | "\r\n" {
    return this.#hasCrLf || this.#filter.hasCommands ? "\r\n" : "\n";
  }

  /** The lines of one read; undefined at the end. */
  async read(): Promise<Iterable<InputLine> | undefined> {
    const bytes = await this.#connection.read();
    // At once, and not as the lines are taken: what it refuses is answered before them.
    return bytes === undefined ? undefined : this.#lines(this.#filter.strip(bytes));
  }

  /** What answers the telnet of the last read; empty where it asked for nothing. */
  takeRefusals(): Uint8Array {
    return this.#filter.takeRefusals();
  }

  /** What was left without an end. Where it was not the client that ended, it has not finished writing it. */
  rest(): Iterable<InputLine> {
    return this.#connection.phase === "ended" ? this.#last() : [];
  }

  *#lines(text: Uint8Array): Generator<InputLine, void> {
    yield* this.#noted(this.#splitter.take(text));
    if (this.#connection.link.isRecords) yield* this.#last();
  }

  *#last(): Generator<InputLine, void> {
    yield* this.#noted(this.#splitter.take(this.#filter.end()));
    yield* this.#noted(this.#splitter.end());
  }

  *#noted(lines: Iterable<InputLine>): Generator<InputLine, void> {
    for (const line of lines) {
      if (line.type === "line" && line.endsWithCr) this.#hasCrLf = true;
      yield line;
    }
  }
}
