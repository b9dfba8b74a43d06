// Bodies in chunks as tests look at them.
import { bodyDecoder } from "../../src/http/body-decoder.ts";
import { BodyEnd } from "../../src/http/body-end.ts";
import { DEFAULT_LIMITS } from "../../src/http/message-limits.ts";
import { Refusal } from "../../src/http/refusal.ts";

/** What came of bytes: the data, the trailers behind it where the body has ended, or why it is refused. */
export interface Decoded {
  readonly data: string;
  readonly trailers: readonly (readonly [string, string])[] | undefined;
  readonly refusal: string | undefined;
  readonly rest: string;
}

/** The body in chunks of the text, which comes in pieces that end at these places. */
export function decodeBody(text: string, cuts: readonly number[] = []): Decoded {
  const decoder = bodyDecoder({ body: "chunked" }, DEFAULT_LIMITS);
  let data = "";
  let from = 0;
  for (const to of [...cuts, text.length]) {
    const bytes = Buffer.from(`?${text.slice(from, to)}?`, "latin1");
    for (let at = 1; ; at = decoder.at) {
      const piece = decoder.next(bytes, at, bytes.length - 1);
      if (piece === undefined) break;
      if (piece instanceof Refusal)
        return { data, trailers: undefined, refusal: `${piece.status} ${piece.reason}`, rest: "" };
      if (piece instanceof BodyEnd) {
        return { data, trailers: [...piece.trailers], refusal: undefined, rest: text.slice(from + decoder.at - 1) };
      }
      if (piece.length === 0) throw new Error("an empty piece");
      data += Buffer.from(piece).toString("latin1");
    }
    bytes.fill("#");
    from = to;
  }
  return { data, trailers: undefined, refusal: undefined, rest: "" };
}
