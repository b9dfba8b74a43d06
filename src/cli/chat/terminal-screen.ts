import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import { escapeText } from "../../services/chat/escape-text.ts";
import { printableText } from "../printable.ts";
import type { TerminalStreams } from "../standard-streams.ts";
import { WakeUp } from "../wake-up.ts";
import type { ChatScreen } from "./chat-screen.ts";
import type { LineStyle } from "./line-style.ts";

/** The most lines to keep for the arrow keys; older lines are forgotten. */
const HISTORY_LINES = 1_000;
/** The most typed or pasted lines that wait to be sent; further lines are refused. */
const MAX_TYPED_LINES = 10_000;

const PROMPT = "> ";
/** A tab is shown as spaces: the terminal's own tab stops would make the width of a line unpredictable. */
const TAB = "    ";

/** How a screen treats lines. */
export interface LineHandling {
  readonly style: LineStyle;
  /** For the Tab key: returns the completions, and the part of the line that they replace. */
  readonly complete: (line: string) => [string[], string];
  /** Whether a typed line stays on the screen; otherwise it is erased, and appears when the server sends it back. */
  readonly keepsTyped: boolean;
}

/** A terminal with one edited line; received lines are printed above it. It uses the terminal of the process. */
export class TerminalScreen implements ChatScreen {
  readonly isTerminal = true;
  readonly #output: NodeJS.WriteStream;
  readonly #lines: LineHandling;
  readonly #editor: Interface;
  readonly #typed: string[] = [];
  readonly #changed = new WakeUp();
  #isClosed = false;
  /** The rows below the first row of the line, at the moment when Enter was pressed. */
  #rowsAtEnter = 0;

  constructor({ input, output }: TerminalStreams, lines: LineHandling) {
    this.#output = output;
    this.#lines = lines;
    this.#editor = createInterface({
      input,
      output,
      terminal: true,
      prompt: PROMPT,
      completer: lines.complete,
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      tabSize: TAB.length,
    });
    this.#escapeTyped();
    // EIO: the terminal has been closed. SIGHUP, or the end of input, reports this.
    input.on("error", () => this.#end());
    output.on("error", () => this.#end());
    // This listener runs before the editor's own: after Enter the editor no longer has the line.
    input.prependListener("keypress", (_: unknown, key: { readonly name?: string } | undefined) => {
      const isEnter = key?.name === "return" || key?.name === "enter";
      if (!isEnter && this.#isPasting) return;
      this.#setRowOfCursor(this.#editor.getCursorPos().rows);
      if (!isEnter) return;
      this.#editor.write(null, { ctrl: true, name: "e" });
      this.#rowsAtEnter = this.#editor.getCursorPos().rows;
    });
    // A resized terminal wraps its lines again, and moves the cursor with the typed text.
    output.prependListener("resize", () => this.#setRowOfCursor(this.#editor.getCursorPos().rows));
    this.#editor.on("line", (line) => this.#entered(line));
    this.#editor.on("SIGINT", () => this.close());
    // Ctrl-D on an empty line.
    this.#editor.once("close", () => {
      if (!this.#isClosed) this.#eraseRows(0);
      this.#end();
    });
    this.#editor.prompt();
  }

  async show(line: string): Promise<void> {
    this.#above(this.#lines.style.received(shown(line)));
  }

  async notice(text: string): Promise<void> {
    this.#above(this.#lines.style.notice(shown(`-- ${text}`)));
  }

  async *lines(): AsyncGenerator<string, void> {
    for (;;) {
      const line = this.#typed.shift();
      if (line !== undefined) yield line;
      else if (this.#isClosed) return;
      else await this.#changed.next();
    }
  }

  giveBack(line: string): void {
    // If the user has typed other text meanwhile, that text stays.
    if (!this.#isClosed && this.#editor.line === "") this.#editor.write(line);
  }

  close(): void {
    if (this.#isClosed) return;
    // Erases an unfinished line, because the shell's prompt appears here.
    this.#erase();
    this.#end();
    this.#editor.close();
  }

  #entered(line: string): void {
    // The editor has ended the line, and the cursor is in the row below it.
    if (!this.#lines.keepsTyped) this.#eraseRows(this.#rowsAtEnter + 1);
    if (this.#typed.length < MAX_TYPED_LINES) this.#typed.push(line);
    else void this.notice(`Not sent: ${MAX_TYPED_LINES} lines are already waiting.`);
    this.#editor.prompt();
    this.#changed.notify();
  }

  /** Prints text above the edited line. */
  #above(text: string): void {
    if (this.#isClosed) {
      this.#output.write(`${text}\n`);
      return;
    }
    this.#erase();
    this.#output.write(`${text}\n`);
    this.#setRowOfCursor(0);
    this.#editor.prompt(true);
  }

  /** Pasted text is untrusted, and the editor would write it to the terminal unescaped. Node has no public way to change that. */
  #escapeTyped(): void {
    const editor = this.#editor;
    const insert: unknown = Reflect.get(editor, "_insertString");
    if (typeof insert !== "function") throw new Error("node:readline inserts text in another way");
    Reflect.set(
      editor,
      "_insertString",
      (text: string): void => void Reflect.apply(insert, editor, [escapeText(text)]),
    );
  }

  /** Sets the row where the editor assumes its cursor, below the first row of its line. Node has no public way to do this. */
  #setRowOfCursor(row: number): void {
    Reflect.set(this.#editor, "prevRows", row);
  }

  /** Whether text arrives in bulk, as when pasted: then the editor reports only the last key correctly, and inserts a tab unchanged. */
  get #isPasting(): boolean {
    return Reflect.get(this.#editor, "isCompletionEnabled") === false;
  }

  #erase(): void {
    this.#eraseRows(this.#editor.getCursorPos().rows);
  }

  #eraseRows(rowsAbove: number): void {
    moveCursor(this.#output, 0, -rowsAbove);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#changed.notify();
  }
}

function shown(line: string): string {
  return printableText(line).replaceAll("\t", TAB);
}
