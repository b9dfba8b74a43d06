import { wrongType } from "../../socket/values.ts";
import { isUnexpectedPromise } from "./unexpected-promise.ts";

/**
 * The header fields of a response, in the order in which the server sends them: an object by name, with an array for several lines
 * of one name; or an iterable of pairs, such as a `Map` or the `Headers` of the web platform.
 */
export type HttpHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>;

type Line = readonly [name: string, value: string];

/** Converts header fields to lines. The encoder checks later that names and values are strings. */
export function headerLines(headers: HttpHeaders | undefined): Line[] {
  if (headers === undefined) return [];
  if (isUnexpectedPromise(headers))
    throw wrongType("headers", "an object or an iterable, not a promise: await it", headers);
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
