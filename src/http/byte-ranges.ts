import { type Fields, listMembers } from "./fields.ts";

/** Ranges of one request. With more the whole is sent: RFC 9110, section 14.2, lets a server ignore such a field. */
export const MAX_RANGES = 32;
/**
 * The longest Range field. A longer one is ignored, and the whole is sent: no request needs so many ranges, and each
 * comma would be a member of a list.
 */
export const MAX_RANGE_FIELD_BYTES = 2 * 1024;
/** A gap that is no longer than this is sent with the ranges around it: RFC 9110, section 15.3.7.2, on the cost of a part. */
export const MAX_RANGE_GAP_BYTES = 80;

const UNIT = /^bytes=/i;
const SPEC = /^(\d*)-(\d*)$/;

/** Bytes of a representation, both ends included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The part of a representation that a request asks for. `whole`: answer with 200. `unsatisfiable`: answer with 416 and
 * {@link unsatisfiedRange}. `ranges`: answer with 206; there is at least one range, and no two touch each other.
 */
export type RangeSelection =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] };

const WHOLE: RangeSelection = { kind: "whole" };
const UNSATISFIABLE: RangeSelection = { kind: "unsatisfiable" };

/**
 * Selects the bytes that the Range field asks for, RFC 9110, section 14.2. It ignores a field that is malformed, has another
 * unit, is on two lines, has more than {@link MAX_RANGES} ranges, is longer than {@link MAX_RANGE_FIELD_BYTES}, or belongs to
 * another method than GET. Ranges that overlap, or are at most {@link MAX_RANGE_GAP_BYTES} apart, are joined at the place of the
 * first, so that no byte is sent twice; the others keep their order.
 *
 * @param length - the length of the representation, in bytes. Of an empty one every suffix selects the whole, since no
 *   Content-Range could describe it.
 */
export function selectRanges(method: string, headers: Fields, length: number): RangeSelection {
  const values = method === "GET" ? headers.all("Range") : [];
  const [value = ""] = values;
  if (values.length !== 1 || value.length > MAX_RANGE_FIELD_BYTES || !UNIT.test(value)) return WHOLE;
  const ranges: ByteRange[] = [];
  let count = 0;
  for (const spec of listMembers(value.slice("bytes=".length))) {
    // RFC 9110, section 5.6.1.2: a recipient accepts empty members.
    if (spec === "") continue;
    const range = rangeOf(spec, length);
    if (range === "malformed" || ++count > MAX_RANGES) return WHOLE;
    if (range !== "unsatisfiable") ranges.push(range);
  }
  if (count === 0) return WHOLE;
  if (ranges.length === 0) return UNSATISFIABLE;
  return length === 0 ? WHOLE : { kind: "ranges", ranges: coalesce(ranges) };
}

/** The value of Content-Range for a range: RFC 9110, section 14.4. */
export function contentRange({ first, last }: ByteRange, length: number): string {
  return `bytes ${first}-${last}/${length}`;
}

/** The value of Content-Range for a 416 response. */
export function unsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}

function rangeOf(spec: string, length: number): ByteRange | "malformed" | "unsatisfiable" {
  const [, from = "", to = ""] = SPEC.exec(spec) ?? [];
  if (from === "" && to === "") return "malformed";
  // Numbers beyond 2^53 lose digits or become infinite: all of them are beyond the end of the representation.
  if (from === "") {
    const suffix = Number(to);
    return suffix === 0 ? "unsatisfiable" : { first: Math.max(length - suffix, 0), last: length - 1 };
  }
  if (to !== "" && isBelow(to, from)) return "malformed";
  const first = Number(from);
  if (first >= length) return "unsatisfiable";
  return { first, last: to === "" ? length - 1 : Math.min(Number(to), length - 1) };
}

/** Whether one decimal number is less than the other, with any number of digits. */
function isBelow(one: string, other: string): boolean {
  const [a, b] = [one, other].map((digits) => digits.replace(/^0+/, ""));
  if (a === undefined || b === undefined) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  if (ranges.length === 1) return ranges;
  const sorted = ranges.map((range, place) => ({ ...range, place })).sort((a, b) => a.first - b.first);
  const joined: { first: number; last: number; place: number }[] = [];
  for (const range of sorted) {
    const before = joined.at(-1);
    if (before === undefined || range.first - before.last - 1 > MAX_RANGE_GAP_BYTES) {
      joined.push(range);
    } else {
      before.last = Math.max(before.last, range.last);
      before.place = Math.min(before.place, range.place);
    }
  }
  return joined.sort((a, b) => a.place - b.place).map(({ first, last }) => ({ first, last }));
}
