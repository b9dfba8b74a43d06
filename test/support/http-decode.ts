// Decodes chunked bodies for tests.
import { bodyDecoder } from "../../src/http/body-decoder.ts";
import { BodyEnd } from "../../src/http/body-end.ts";
import { DEFAULT_LIMITS } from "../../src/http/message-limits.ts";
import { Refusal } from "../../src/http/refusal.ts";

/** The result of a decoder: the data, the trailers if the body has ended, or the reason of the error. */
export interface Decoded {
  readonly data: string;
  readonly trailers: readonly (readonly [string, string])[] | undefined;
  readonly refusal: string | undefined;
  readonly rest: string;
}

/** Decodes the chunked body in the text, which arrives in pieces that end at these offsets. */
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
