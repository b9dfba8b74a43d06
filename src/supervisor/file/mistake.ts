import { inOneLine } from "./shown.ts";

/** A mistake in a file, and its position. */
export interface Mistake {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What is wrong; what to write instead. One line. */
  readonly message: string;
}

/** Formats a mistake as compilers do, so that editors find the place. */
export function mistakeText({ file, line, column, message }: Mistake): string {
  return `${inOneLine(file)}:${line}:${column}: ${message}`;
}
