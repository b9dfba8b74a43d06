import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { Plan } from "../plan.ts";
import { fileText } from "./file-text.ts";
import type { Finding } from "./findings.ts";
import type { Mistake } from "./mistake.ts";
import { planOf } from "./plan-of.ts";
import { inOneLine } from "./shown.ts";

/** The most mistakes that are reported for one file. */
export const MAX_MISTAKES = 1_000;

/** A plan, or all mistakes of the file. */
export type PlanReading = { readonly plan: Plan } | { readonly mistakes: readonly Mistake[] };

/**
 * Reads the plan from a TOML file, and opens no other file. Of syntax errors it reports the first, of other mistakes all, in the
 * order of the file.
 *
 * @param path - the file; relative paths in it refer to its folder.
 */
export async function readPlan(path: string): Promise<PlanReading> {
  const wrong = (line: number, column: number, message: string): Mistake => ({
    file: path,
    line,
    column,
    message: inOneLine(message),
  });
  const read = await fileText(path);
  if ("mistake" in read) return { mistakes: [wrong(read.mistake.line, read.mistake.column, read.mistake.message)] };
  let document: unknown;
  try {
    document = parse(read.text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { mistakes: [wrong(error.line, error.column, syntaxMessage(error))] };
  }
  const result = planOf(document, dirname(resolve(path)));
  if ("plan" in result) return result;
  return { mistakes: await located(read.text, result.findings, wrong) };
}

async function located(
  text: string,
  findings: readonly Finding[],
  wrong: (line: number, column: number, message: string) => Mistake,
): Promise<readonly Mistake[]> {
  const { TomlPositions } = await import("./toml-positions.ts");
  const positions = new TomlPositions(text);
  const mistakes = findings.map((finding) => {
    const { line, column } = positions.of(finding);
    return wrong(line, column, finding.message);
  });
  mistakes.sort((one, other) => one.line - other.line || one.column - other.column);
  const more = mistakes.splice(MAX_MISTAKES);
  const [first] = more;
  if (first !== undefined) mistakes.push({ ...first, message: `${more.length} more mistakes from here on` });
  return mistakes;
}

const ADVICE: readonly (readonly [message: RegExp, advice: string])[] = [
  [/^trying to redefine/, "write each key and each [table] once, and [[service]] for each service"],
  [/^(?:invalid value|unexpected)/, 'write text in quotes, as in name = "greet"'],
  [
    /^control characters are not allowed in strings/,
    "write its quotes at both ends on one line, and \\n for a line end",
  ],
  [/^unfinished string/, "write its quotes at both ends"],
  [/^unrecognised escape/, "write \\\\ for a backslash"],
  [/^each key-value/, "write one on each line"],
  [/^illegal character in numeric/, 'write a number with a unit as text, as in "5m" or "64KiB"'],
  [/^expected comma/, "write a comma between two values, ] behind a list, and } behind a table"],
  [/^illegal character in key/, "a key has letters, digits, - and _, or quotes around it"],
];

/** Returns the first line of the message, with advice; the other lines only show the place. */
function syntaxMessage({ message }: TomlError): string {
  const [line = ""] = message.replace(/^Invalid TOML document: /, "").split("\n", 1);
  const [, advice] = ADVICE.find(([start]) => start.test(line)) ?? [];
  return advice === undefined ? line : `${line}; ${advice}`;
}
