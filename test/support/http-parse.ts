// Parses message heads for tests.
import { DEFAULT_LIMITS, type MessageLimits } from "../../src/http/message-limits.ts";
import { Refusal } from "../../src/http/refusal.ts";
import type { RequestHead } from "../../src/http/request-head.ts";
import { RequestHeadParser } from "../../src/http/request-head-parser.ts";
import type { Told } from "./http-heads.ts";

/** The result of a parser: heads, then the reason why no further one follows, and the bytes after the last head. */
export interface Parsed {
  readonly heads: readonly (Told & { readonly fields: readonly (readonly [string, string])[] })[];
  readonly refusal: string | undefined;
  readonly rest: string;
}

/** Returns all heads of the text, which arrives in pieces that end at these offsets. */
export function parseHeads(text: string, cuts: readonly number[] = [], limits: MessageLimits = DEFAULT_LIMITS): Parsed {
  const parser = new RequestHeadParser(limits);
  const heads: ReturnType<typeof told>[] = [];
  let behind = 0;
  let from = 0;
  for (const to of [...cuts, text.length]) {
    // Each piece has memory of its own, which is overwritten after the call that lends it.
    const bytes = Buffer.from(`?${text.slice(from, to)}?`, "latin1");
    let at = 1;
    while (at < bytes.length - 1) {
      const head = parser.parse(bytes, at, bytes.length - 1);
      if (head === undefined) break;
      if (head instanceof Refusal) return { heads, refusal: `${head.status} ${head.reason}`, rest: "" };
      at = parser.end;
      behind = from + at - 1;
      heads.push(told(head));
    }
    bytes.fill("#");
    from = to;
  }
  return { heads, refusal: undefined, rest: text.slice(behind) };
}

function told(head: RequestHead): Told & { readonly fields: readonly (readonly [string, string])[] } {
  const {
    method,
    target,
    parsedTarget: to,
    version,
    authority,
    framing,
    isKeepAlive,
    expectsContinue,
    upgrade,
    fields,
  } = head;
  const { form, path, query } = to;
  return {
    ...{ method, target, form, path, query, version, authority, framing, isKeepAlive, expectsContinue, upgrade },
    fields: [...fields],
  };
}
