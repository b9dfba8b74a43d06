import { type InputLine, LineSplitter } from "../../services/chat/line-splitter.ts";
import { codeOf } from "../../socket/values.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import { unwritable } from "../explain.ts";
import { printableText, textOf } from "../printable.ts";
import type { StandardStreams } from "../standard-streams.ts";
import type { ChatScreen } from "./chat-screen.ts";
import { MAX_LINE_BYTES } from "./line-connection.ts";
import type { LineStyle } from "./line-style.ts";

/** Standard input and output as lines, for pipes and files. Notices of the command itself go to standard error. */
export class PlainScreen implements ChatScreen {
  readonly isTerminal = false;
  readonly #streams: Pick<StandardStreams, "input" | "output" | "errors">;
  readonly #style: LineStyle;
  readonly #onReaderGone: () => void;

  /** @param onReaderGone - called when the reader of standard output has closed it. */
  constructor(
    streams: Pick<StandardStreams, "input" | "output" | "errors">,
    style: LineStyle,
    onReaderGone: () => void,
  ) {
    this.#streams = streams;
    this.#style = style;
    this.#onReaderGone = onReaderGone;
  }

  async show(line: string): Promise<void> {
    try {
      await this.#streams.output.write(Buffer.from(`${this.#style.received(printableText(line))}\n`));
    } catch (error) {
      if (codeOf(error) !== "EPIPE") throw unwritable(error);
      this.#onReaderGone();
    }
  }

  async notice(text: string): Promise<void> {
    // An error of standard error, such as EPIPE, does not end the chat.
    await this.#streams.errors.write(Buffer.from(`-- ${printableText(text)}\n`)).catch(() => undefined);
  }

  async *lines(): AsyncGenerator<string, void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    let count = 0;
    for await (const chunk of this.#streams.input.chunks()) {
      for (const line of splitter.take(chunk)) yield textOfLine(line, ++count);
    }
    for (const line of splitter.end()) yield textOfLine(line, ++count);
  }

  /** Does nothing: a program's lines wait until they can be sent. */
  giveBack(): void {}

  close(): void {
    this.#streams.input.close();
  }
}

function textOfLine({ type, bytes }: InputLine, number: number): string {
  const refuse = (reason: string): CommandError =>
    new CommandError(`line ${number} of standard input ${reason}`, exitCodes.usage);
  if (type === "too-long") throw refuse(`is longer than ${MAX_LINE_BYTES} bytes`);
  const text = textOf(bytes);
  if (text === undefined) throw refuse("is not valid UTF-8");
  return text;
}
