import { inOneLine } from "./shown.ts";

/** What is wrong with a file, and where. */
export interface Mistake {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What is wrong; what was meant. One line. */
  readonly message: string;
}

/** As compilers say it, so that editors find the place. */
export function mistakeText({ file, line, column, message }: Mistake): string {
  return `${inOneLine(file)}:${line}:${column}: ${message}`;
}
