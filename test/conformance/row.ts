import type { Check } from "./check.ts";

/** What a server can do, found by asking it: rows that are about nothing else do not count for one that cannot. */
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

/** What is sent, as latin1. What is in angle brackets, such as `<etag>`, is filled in for each server. */
export interface Sent {
  readonly parts: readonly string[];
  readonly methods: readonly string[];
  readonly halfClose?: boolean;
  /** Whether each part has a connection of its own. */
  readonly isApart?: boolean;
}

/** One line of the table: a request, and what may be answered. */
export interface Row {
  readonly group: string;
  readonly name: string;
  /** The RFC and the section that it is about. */
  readonly section: string;
  /** `rule`: what a MUST or SHOULD of the RFC wants. `policy`: what it leaves to the server; what is accepted is our choice. */
  readonly kind: "rule" | "policy";
  readonly sent: Sent;
  readonly accepts: Check;
  readonly needs: readonly Ability[];
  /** Fields of the answer that the table shows. */
  readonly shows: readonly string[];
}

/** What a row may have besides. */
interface Further {
  readonly needs?: readonly Ability[];
  readonly shows?: readonly string[];
}

type MakeRow = (section: string, name: string, sent: Sent, accepts: Check, further?: Further) => Row;

/** How the rows of a group are made. */
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

/** A further request on the connection: answered, it shows that the server took the bytes before it for what they are. */
export const NEXT = lines("GET /next.txt HTTP/1.1", `Host: ${HOST}`, "Connection: close");
/** Its answer. */
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

/** Bytes of our own making, and behind them a further request. */
export function raw(text: string, ...methods: readonly string[]): Sent {
  return { parts: [text + NEXT], methods };
}

/** A well-formed request, and behind it a further one. */
export function kept(method: string, target: string, ...fields: readonly string[]): Sent {
  return raw(lines(`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, ...fields), method);
}

/** GET of a file with these lines behind Host, well-formed or not, and behind it a further request. */
export function withLines(...fields: readonly string[]): Sent {
  return kept("GET", "/file.txt", ...fields);
}

/**
 * GET of a file with these fields and a body, and behind it a further request. Not POST: a server that has none would refuse it
 * before it looks at the body.
 */
export function withBody(fields: readonly string[], body: string): Sent {
  return raw(lines("GET /file.txt HTTP/1.1", `Host: ${HOST}`, ...fields) + body);
}
