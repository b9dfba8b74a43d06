// A terminal emulator with the features that the command uses: the text on the screen, and the position of the cursor.

/** East Asian wide characters and emoji take two cells, UAX #11. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
/** The part of an escape sequence after ESC. */
const CONTROL = /^\[([?\d;]*)([A-Za-z])/;

/** Interprets the output of a program: CR, LF, BS, and the control sequences of ECMA-48 that move, erase and colour. */
export class Screen {
  rows: number;
  columns: number;
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** The last column is full: the next character starts a line. */
  #isAtEnd = false;
  #rest = "";

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
  }

  /** Returns the lines, without trailing blanks and trailing empty lines. */
  get text(): string {
    const lines = this.#lines.map((cells) => cells.join("").trimEnd());
    while (lines.length > 0 && lines.at(-1) === "") lines.pop();
    return lines.join("\n");
  }

  /** Row and column of the cursor, from 0. */
  get cursor(): readonly [row: number, column: number] {
    return [this.#row, this.#column];
  }

  write(text: string): void {
    let rest = this.#rest + text;
    this.#rest = "";
    while (rest !== "") {
      if (rest.startsWith("\x1b")) {
        const [sequence, parameters = "", final = ""] = CONTROL.exec(rest.slice(1)) ?? [];
        if (sequence === undefined) {
          if (rest.length > 16 || !/^(?:\[[?\d;]*)?$/.test(rest.slice(1)))
            throw new Error(`no sequence: ${JSON.stringify(rest)}`);
          this.#rest = rest;
          return;
        }
        this.#control(final, parameters);
        rest = rest.slice(1 + sequence.length);
      } else {
        const [character = ""] = rest;
        this.#put(character);
        rest = rest.slice(character.length);
      }
    }
  }

  #control(final: string, parameters: string): void {
    const count = Number.parseInt(parameters, 10) || 1;
    this.#isAtEnd = false;
    switch (final) {
      case "A":
        this.#row = Math.max(0, this.#row - count);
        return;
      case "B":
        this.#row = Math.min(this.rows - 1, this.#row + count);
        return;
      case "C":
        this.#column = Math.min(this.columns - 1, this.#column + count);
        return;
      case "D":
        this.#column = Math.max(0, this.#column - count);
        return;
      case "G":
        this.#column = Math.min(this.columns, count) - 1;
        return;
      case "J":
        if (parameters !== "" && parameters !== "0") throw new Error(`CSI ${parameters} J`);
        this.#lines.length = Math.min(this.#lines.length, this.#row + 1);
        this.#cells().length = Math.min(this.#cells().length, this.#column);
        return;
      case "K":
        if (parameters === "2") this.#cells().length = 0;
        else this.#cells().length = Math.min(this.#cells().length, this.#column);
        return;
      case "m":
      case "h":
      case "l":
        return;
      default:
        throw new Error(`CSI ${parameters} ${final}`);
    }
  }

  #put(character: string): void {
    if (character === "\r") this.#return();
    else if (character === "\n") this.#down();
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character !== "\x07") this.#show(character);
  }

  #show(character: string): void {
    if (/^(?:\p{Mn}|\u200d)$/u.test(character)) return;
    const width = WIDE.test(character) ? 2 : 1;
    if (this.#isAtEnd || this.#column + width > this.columns) {
      this.#return();
      this.#down();
    }
    const cells = this.#cells();
    while (cells.length < this.#column) cells.push(" ");
    cells[this.#column] = character;
    if (width === 2) cells[this.#column + 1] = "";
    this.#column += width;
    if (this.#column === this.columns) {
      this.#column = this.columns - 1;
      this.#isAtEnd = true;
    }
  }

  #return(): void {
    this.#column = 0;
    this.#isAtEnd = false;
  }

  #down(): void {
    this.#isAtEnd = false;
    if (this.#row === this.rows - 1) this.#lines.shift();
    else this.#row++;
    this.#cells();
  }

  #cells(): string[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    return this.#lines[this.#row] ?? [];
  }
}
