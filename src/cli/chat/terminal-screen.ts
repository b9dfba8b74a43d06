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
/** A terminal has its own tab stops, which the width of a line would depend on. */
const TAB = "    ";

/** What a screen does with lines. */
export interface LineHandling {
  readonly style: LineStyle;
  /** For the Tab key: what a line can become, and the part of it that is replaced. */
  readonly complete: (line: string) => [string[], string];
  /** A typed line stays where it was typed; otherwise it is shown when it comes back from the server. */
  readonly keepsTyped: boolean;
}

/** A terminal on which a line is edited, with what comes in above it. It is the process's own, until that ends. */
export class TerminalScreen implements ChatScreen {
  readonly isTerminal = true;
  readonly #output: NodeJS.WriteStream;
  readonly #lines: LineHandling;
  readonly #editor: Interface;
  readonly #typed: string[] = [];
  readonly #changed = new WakeUp();
  #isClosed = false;
  /** The rows that the line took below its first one, when Enter was pressed. */
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
    // EIO: the terminal has gone. SIGHUP tells, or the end of input.
    input.on("error", () => this.#end());
    output.on("error", () => this.#end());
    // Before the editor hears of it: after Enter it has forgotten the line.
    input.prependListener("keypress", (_: unknown, key: { readonly name?: string } | undefined) => {
      const isEnter = key?.name === "return" || key?.name === "enter";
      if (!isEnter && this.#isPasting) return;
      this.#setRowOfCursor(this.#editor.getCursorPos().rows);
      if (!isEnter) return;
      this.#editor.write(null, { ctrl: true, name: "e" });
      this.#rowsAtEnter = this.#editor.getCursorPos().rows;
    });
    // Terminals break their lines anew, and the cursor moves with what was typed.
    output.prependListener("resize", () => this.#setRowOfCursor(this.#editor.getCursorPos().rows));
    this.#editor.on("line", (line) => this.#entered(line));
    this.#editor.on("SIGINT", () => this.close());
    // Ctrl-D, where nothing is typed.
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
    // What is typed by now comes behind it.
    if (!this.#isClosed && this.#editor.line === "") this.#editor.write(line);
  }

  close(): void {
    if (this.#isClosed) return;
    // Without what was begun: the shell's prompt comes here.
    this.#erase();
    this.#end();
    this.#editor.close();
  }

  #entered(line: string): void {
    // The editor has left it, and stands in the row below.
    if (!this.#lines.keepsTyped) this.#eraseRows(this.#rowsAtEnter + 1);
    if (this.#typed.length < MAX_TYPED_LINES) this.#typed.push(line);
    else void this.notice(`Not sent: ${MAX_TYPED_LINES} lines are already waiting.`);
    this.#editor.prompt();
    this.#changed.notify();
  }

  /** Prints above the line that is edited. */
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

  /** What is pasted may come from anywhere, and the editor writes it to the terminal as it is. Node has no public way to change it. */
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

  /** Where the editor believes its cursor to be, below the first row of its line: from there it draws. Node has no public way for it. */
  #setRowOfCursor(row: number): void {
    Reflect.set(this.#editor, "prevRows", row);
  }

  /** Of what comes at once, as when it is pasted, the editor follows only the last character, and takes a tab as it is. */
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
