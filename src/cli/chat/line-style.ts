/** When lines have colours: `auto` means on a terminal, unless NO_COLOR is set. */
export type ColorChoice = "auto" | "always" | "never";

/** Select Graphic Rendition codes, ECMA-48, section 8.3.117. Each name gets one of these colours; red is kept for failures. */
const NAME_COLORS = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96] as const;
const DIM = 2;
const PRIVATE = 35;
const THEIRS = 36;

/** Returns whether lines have colours; called once, before any output: https://no-color.org */
export function hasColors(choice: ColorChoice, isTerminal: boolean): boolean {
  if (choice !== "auto") return choice === "always";
  return isTerminal && (process.env["NO_COLOR"] ?? "") === "";
}

/** Formats lines for display. Control characters are already escaped in the lines that it gets. */
export interface LineStyle {
  /** Formats a received line. */
  readonly received: (line: string) => string;
  /** Formats a notice of the command itself. */
  readonly notice: (line: string) => string;
}

/** The style of a room. It depends on the form of a line: `<name> text`, `* name acts`, `[name] text` and `-- what happens`. */
export function roomStyle(isColored: boolean): LineStyle {
  return isColored ? { received: coloredByForm, notice: dim } : PLAIN;
}

/** The style of a chat of two. On a terminal, a mark tells received lines from the typed lines among them. */
export function pairStyle(isColored: boolean, isTerminal: boolean): LineStyle {
  const mark = isTerminal ? "< " : "";
  const received = (line: string): string => (isColored ? sgr(THEIRS, mark + line) : mark + line);
  return { received, notice: isColored ? dim : PLAIN.notice };
}

const PLAIN: LineStyle = { received: (line) => line, notice: (line) => line };

function coloredByForm(line: string): string {
  const [, time = "", text = ""] = /^(\[\d\d:\d\d:\d\d\] )?(.*)$/s.exec(line) ?? [];
  return (time === "" ? "" : dim(time)) + coloredText(text);
}

function coloredText(text: string): string {
  if (text.startsWith("-- ")) return dim(text);
  if (text.startsWith("[")) return sgr(PRIVATE, text);
  const [, mark, name = "", rest = ""] = /^(<|\* )([\p{L}\p{M}\p{Nd}_-]+)(.*)$/su.exec(text) ?? [];
  if (mark === "* ") return `* ${sgr(colorOf(name), name)}${rest}`;
  if (mark === "<" && rest.startsWith(">")) return `${sgr(colorOf(name), `<${name}>`)}${rest.slice(1)}`;
  return text;
}

function dim(text: string): string {
  return sgr(DIM, text);
}

function sgr(code: number, text: string): string {
  return `\x1b[${code}m${text}\x1b[0m`;
}

/** Returns the same colour for the same name, in every program. */
function colorOf(name: string): number {
  let sum = 0;
  for (const character of name.toLowerCase()) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return NAME_COLORS[sum % NAME_COLORS.length] ?? NAME_COLORS[0];
}
