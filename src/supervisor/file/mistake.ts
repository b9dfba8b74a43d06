import { inOneLine } from "./shown.ts";

/** A mistake in a file, and its position. */
export interface Mistake {
  readonly file: string;
  /** From 1; 0 if the mistake has no place in the file, as when there is no such file. */
  readonly line: number;
  /** From 1; 0 as `line`. */
  readonly column: number;
  /** What is wrong; what to write instead. One line. */
  readonly message: string;
}

/** Formats a mistake as compilers do, so that editors find the place. */
export function mistakeText({ file, line, column, message }: Mistake): string {
  const place = line === 0 ? "" : `:${line}:${column}`;
  return `${inOneLine(file)}${place}: ${message}`;
}
