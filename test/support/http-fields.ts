// Header fields without the bytes of a message head.
import { Fields } from "../../src/http/fields.ts";

export type Line = readonly [name: string, value: string];

export function readFields(...lines: readonly Line[]): Fields {
  let text = "";
  const marks: number[] = [];
  for (const [name, value] of lines) {
    marks.push(text.length, text.length + name.length);
    text += `${name}: ${value}\r\n`;
  }
  return new Fields(text, [...marks, text.length]);
}
