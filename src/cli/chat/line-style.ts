/** When lines have colours: `auto` is on a terminal, unless NO_COLOR says otherwise. */
export type ColorChoice = "auto" | "always" | "never";

/** Select Graphic Rendition, ECMA-48, section 8.3.117. Names have one of these; red is for failures. */
const NAME_COLORS = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96] as const;
const DIM = 2;
const PRIVATE = 35;
const THEIRS = 36;

/** Decided once, before anything is printed: https://no-color.org */
export function hasColors(choice: ColorChoice, isTerminal: boolean): boolean {
  if (choice !== "auto") return choice === "always";
  return isTerminal && (process.env["NO_COLOR"] ?? "") === "";
}

/** How lines look. They have no control characters when they come here. */
export interface LineStyle {
  /** A line that was received. */
  readonly received: (line: string) => string;
  /** What the command itself has to tell. */
  readonly notice: (line: string) => string;
}

/** Where many talk: by the form of a line, `<name> text`, `* name acts`, `[name] text` and `-- what happens`. */
export function roomStyle(isColored: boolean): LineStyle {
  return isColored ? { received: coloredByForm, notice: dim } : PLAIN;
}

/** Where two talk: on a terminal, what comes is marked, since it stands between what was typed. */
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

/** The same for the same name, in every program. */
function colorOf(name: string): number {
  let sum = 0;
  for (const character of name.toLowerCase()) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return NAME_COLORS[sum % NAME_COLORS.length] ?? NAME_COLORS[0];
}
