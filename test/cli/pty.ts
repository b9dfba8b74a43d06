// `sockwright` on a pseudo-terminal, pty(7), which a Python program opens: the test types, and reads the screen.
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { until } from "../support/until.ts";
import { Screen } from "./screen.ts";
import { program } from "./sockwright.ts";

/** Each line of the Python program's standard input is typed text, as JSON, or a size. */
const PTY = `
import fcntl, json, os, pty, select, struct, sys, termios
rows, columns, *command = sys.argv[1:]
def size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
pid, terminal = pty.fork()
if pid == 0:
    size(0, rows, columns)
    os.execvp(command[0], command)
inputs = [terminal, 0]
pending = b""
while terminal in inputs:
    for fd in select.select(inputs, [], [])[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        if not data:
            inputs.remove(fd)
        elif fd == terminal:
            os.write(1, data)
        else:
            *lines, pending = (pending + data).split(b"\\n")
            for line in lines:
                order = json.loads(line)
                if isinstance(order, str):
                    os.write(terminal, order.encode())
                else:
                    size(terminal, *order)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** A command that runs on a terminal. */
export class PtyProgram {
  readonly #child: Child;
  readonly screen: Screen;
  #shown = 0;

  private constructor(child: Child, screen: Screen) {
    this.#child = child;
    this.screen = screen;
  }

  static async start(args: readonly string[], { rows = 24, columns = 40, env = {} } = {}): Promise<PtyProgram> {
    const command = [String(rows), String(columns), process.execPath, program, ...args];
    const child = await startChild("python3", ["-c", PTY, ...command], {
      env: { ...process.env, TERM: "xterm", NO_COLOR: "1", ...env },
    });
    return new PtyProgram(child, new Screen(rows, columns));
  }

  type(text: string): void {
    this.#child.stdin.write(`${JSON.stringify(text)}\n`);
  }

  resize(rows: number, columns: number): void {
    this.look();
    this.screen.rows = rows;
    this.screen.columns = columns;
    this.#child.stdin.write(`${JSON.stringify([rows, columns])}\n`);
  }

  /** All output so far. */
  get written(): string {
    return this.#child.stdout;
  }

  /** The current text of the screen. */
  look(): string {
    const { stdout } = this.#child;
    this.screen.write(stdout.slice(this.#shown));
    this.#shown = stdout.length;
    return this.screen.text;
  }

  /**
   * Waits until the screen shows exactly this, with the cursor in the given row and column: the editor writes the text and the
   * cursor movement separately, and the test may look in between.
   */
  async shows(text: string, cursor?: readonly [row: number, column: number]): Promise<void> {
    const isThere = (): boolean => cursor === undefined || isDeepStrictEqual(this.screen.cursor, cursor);
    try {
      await until(() => this.look() === text && isThere(), "the screen");
    } catch (error) {
      const where = cursor === undefined ? "" : `\nand its cursor is at ${this.screen.cursor}, not at ${cursor}`;
      throw new Error(`The screen shows\n${this.look()}\nand not\n${text}${where}`, { cause: error });
    }
    expect(this.screen.text).toBe(text);
  }

  async exitCode(): Promise<number | null> {
    return (await this.#child.exit()).code;
  }
}
