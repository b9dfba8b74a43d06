import type { Connection } from "../../server/connection/connection.ts";
import { type InputLine, LineSplitter } from "./line-splitter.ts";
import { TelnetFilter } from "./telnet-filter.ts";

/** Reads the lines of a client, and removes telnet commands from them. A record is one line or several. */
export class LineInput {
  readonly #connection: Connection;
  readonly #filter = new TelnetFilter();
  readonly #splitter: LineSplitter;
  #hasCrLf = false;

  constructor(connection: Connection, maxBytes: number) {
    this.#connection = connection;
    this.#splitter = new LineSplitter(maxBytes);
  }

  /** The client's line end: CR LF once it has sent one, or a telnet command; LF until then. */
  get lineEnd(): "\n" | "\r\n" {
    return this.#hasCrLf || this.#filter.hasCommands ? "\r\n" : "\n";
  }

  /** The lines of one read; undefined at the end. */
  async read(): Promise<Iterable<InputLine> | undefined> {
    const bytes = await this.#connection.read();
    // Strip at once, not as the caller takes lines: the refusals are sent before the answers to the lines.
    return bytes === undefined ? undefined : this.#lines(this.#filter.strip(bytes));
  }

  /** Returns the answers to the telnet options of the last read; empty if it requested none. */
  takeRefusals(): Uint8Array {
    return this.#filter.takeRefusals();
  }

  /** Returns the last line, which has no line end. Empty if the client did not end its side: then the line is incomplete. */
  rest(): Iterable<InputLine> {
    return this.#connection.phase === "ended" ? this.#lastLine() : [];
  }

  *#lines(text: Uint8Array): Generator<InputLine, void> {
    yield* this.#noteLineEnds(this.#splitter.take(text));
    if (this.#connection.link.isRecords) yield* this.#lastLine();
  }

  *#lastLine(): Generator<InputLine, void> {
    yield* this.#noteLineEnds(this.#splitter.take(this.#filter.end()));
    yield* this.#noteLineEnds(this.#splitter.end());
  }

  *#noteLineEnds(lines: Iterable<InputLine>): Generator<InputLine, void> {
    for (const line of lines) {
      if (line.type === "line" && line.endsWithCr) this.#hasCrLf = true;
      yield line;
    }
  }
}
