import { wrongType } from "../../socket/values.ts";
import { isLater } from "./not-later.ts";

/**
 * The fields of a response, in the order in which they are sent: by name, several lines of one name as an array; or as pairs, as a
 * `Map` or the `Headers` of the web platform have them.
 */
export type HttpHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>;

type Line = readonly [name: string, value: string];

/** The same as lines. What is no text is found where they are encoded. */
export function headerLines(headers: HttpHeaders | undefined): Line[] {
  if (headers === undefined) return [];
  if (isLater(headers)) throw wrongType("headers", "an object or an iterable, and no promise: await it", headers);
  if (isIterable(headers)) return [...headers];
  const lines: Line[] = [];
  for (const [name, value] of Object.entries<unknown>(headers)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) lines.push([name, each as string]);
  }
  return lines;
}

function isIterable(headers: HttpHeaders): headers is Iterable<Line> {
  return Symbol.iterator in headers && typeof headers[Symbol.iterator] === "function";
}
