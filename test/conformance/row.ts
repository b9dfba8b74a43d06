import type { Check } from "./check.ts";

/** An ability of a server, found by a request: rows about an ability do not count for a server without it. */
export type Ability =
  | "etag"
  | "strong etag"
  | "ranges"
  | "gzip"
  | "br"
  | "zstd"
  | "strong gzip etag"
  | "redirect"
  | "loop";

/** The bytes to send, as latin1. Words in angle brackets, such as `<etag>`, are filled in for each server. */
export interface Sent {
  readonly parts: readonly string[];
  readonly methods: readonly string[];
  readonly halfClose?: boolean;
  /** Whether each part is sent over its own connection. */
  readonly isApart?: boolean;
}

/** One line of the table: a request, and the acceptable answers. */
export interface Row {
  readonly group: string;
  readonly name: string;
  /** The RFC and section of the rule. */
  readonly section: string;
  /** `rule`: a MUST or SHOULD of the RFC. `policy`: a choice that the RFC leaves to the server; the accepted answers are ours. */
  readonly kind: "rule" | "policy";
  readonly sent: Sent;
  readonly accepts: Check;
  readonly needs: readonly Ability[];
  /** Fields of the answer that the table shows. */
  readonly shows: readonly string[];
}

/** Optional settings of a row. */
interface Further {
  readonly needs?: readonly Ability[];
  readonly shows?: readonly string[];
}

type MakeRow = (section: string, name: string, sent: Sent, accepts: Check, further?: Further) => Row;

/** The functions that make the rows of a group. */
export function rowsOf(group: string): { readonly rule: MakeRow; readonly policy: MakeRow } {
  const make =
    (kind: Row["kind"]): MakeRow =>
    (section, name, sent, accepts, { needs = [], shows = [] } = {}) => ({
      ...{ group, name, section, kind, sent, accepts, shows },
      needs: [...neededBy(sent.parts.join("")), ...needs],
    });
  return { rule: make("rule"), policy: make("policy") };
}

function neededBy(text: string): Ability[] {
  const needed: Ability[] = [];
  if (/<(?:etag|opaque)>/.test(text)) needed.push("etag");
  if (text.includes("<strong>")) needed.push("strong etag");
  if (text.includes("<gzip etag>")) needed.push("gzip", "etag");
  if (text.includes("<page etag>")) needed.push("etag");
  if (text.includes("<gzip modified>")) needed.push("gzip");
  return needed;
}

export const HOST = "conformance.example";

/** A further request on the connection: its answer shows that the server understood the bytes before it. */
export const NEXT = lines("GET /next.txt HTTP/1.1", `Host: ${HOST}`, "Connection: close");
/** The answer to it. */
export const NEXT_BODY = "the next one\n";

export function lines(...all: readonly string[]): string {
  return `${all.join("\r\n")}\r\n\r\n`;
}

/** One request, and the connection is closed. */
export function request(method: string, target: string, ...fields: readonly string[]): Sent {
  const text = lines(`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, ...fields, "Connection: close");
  return { parts: [text], methods: [method] };
}

export function get(target: string, ...fields: readonly string[]): Sent {
  return request("GET", target, ...fields);
}

/** Arbitrary bytes, followed by a further request. */
export function raw(text: string, ...methods: readonly string[]): Sent {
  return { parts: [text + NEXT], methods };
}

/** A well-formed request, followed by a further one. */
export function kept(method: string, target: string, ...fields: readonly string[]): Sent {
  return raw(lines(`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, ...fields), method);
}

/** GET of a file with these lines after Host, well-formed or not, followed by a further request. */
export function withLines(...fields: readonly string[]): Sent {
  return kept("GET", "/file.txt", ...fields);
}

/**
 * GET of a file with these fields and a body, followed by a further request. Not POST: a server without POST would refuse it
 * before it reads the body.
 */
export function withBody(fields: readonly string[], body: string): Sent {
  return raw(lines("GET /file.txt HTTP/1.1", `Host: ${HOST}`, ...fields) + body);
}
