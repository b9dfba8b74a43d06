import { contentRange, selectRanges, unsatisfiedRange } from "../../http/byte-ranges.ts";
import { selectCoding } from "../../http/content-codings.ts";
import type { Fields } from "../../http/fields.ts";
import { multipartByteRanges } from "../../http/multipart-byteranges.ts";
import { evaluateIfRange, evaluatePreconditions } from "../../http/preconditions.ts";
import { multipartBody } from "./multipart-body.ts";
import type { Representation } from "./representation.ts";
import type { Resource } from "./resource.ts";
import type { SiteAnswer } from "./site-answer.ts";

/** The parts of a request that determine the answer. */
export interface FileRequest {
  /** GET or HEAD. */
  readonly method: string;
  readonly headers: Fields;
}

/** Returns the answer for a file: 200, 206, 304, 412 or 416, in the order of RFC 9110, section 13.2.2. */
export function fileAnswer(request: FileRequest, resource: Resource, nowMs: number): SiteAnswer {
  const { headers } = request;
  const form = resource.codings.length === 0 ? resource.representations[0] : formFor(headers, resource);
  const condition = conditionOf(headers);
  if (condition === NONE) return form.whole();
  // The common revalidation of a browser.
  if (condition !== SEVERAL && headers.valueAt(condition) === form.etag) return form.notModified;
  return conditionalAnswer(request, form, nowMs);
}

function formFor(headers: Fields, resource: Resource): Representation {
  return resource.inCoding(selectCoding(headers.get("Accept-Encoding"), resource.codings));
}

/** There is neither a condition nor a range. */
const NONE = -1;
/** There is something that is to be looked at closely. */
const SEVERAL = -2;

/** Whether there is a condition or a range. */
export function isConditional(headers: Fields): boolean {
  return conditionOf(headers) !== NONE;
}

/**
 * The place of If-None-Match, where that alone decides: RFC 9110, section 13.2.2. Or that there is nothing, or more. It is found
 * in one pass: most names are told apart by their length.
 */
function conditionOf(headers: Fields): number {
  let [ifNoneMatch, isDated] = [NONE, false];
  for (let index = 0; index < headers.size; index++) {
    switch (headers.nameLengthAt(index)) {
      case "range".length:
        if (headers.isNamed(index, "range")) return SEVERAL;
        break;
      case "if-match".length:
        if (headers.isNamed(index, "if-match")) return SEVERAL;
        break;
      case "if-none-match".length:
        if (!headers.isNamed(index, "if-none-match")) break;
        if (ifNoneMatch !== NONE) return SEVERAL;
        ifNoneMatch = index;
        break;
      case "if-modified-since".length:
        if (headers.isNamed(index, "if-modified-since")) isDated = true;
        break;
      case "if-unmodified-since".length:
        if (headers.isNamed(index, "if-unmodified-since")) return SEVERAL;
        break;
    }
  }
  // If-Modified-Since does not count where there is If-None-Match.
  return ifNoneMatch === NONE && isDated ? SEVERAL : ifNoneMatch;
}

function conditionalAnswer({ method, headers }: FileRequest, form: Representation, nowMs: number): SiteAnswer {
  const { etag, lastModifiedMs, length, fields, mediaType } = form;
  const validators = { etag, lastModifiedMs };
  switch (evaluatePreconditions(method, headers, validators, nowMs)) {
    case "not-modified":
      return form.notModified;
    case "failed":
      return {
        status: 412,
        headers: [["Content-Type", "text/plain; charset=utf-8"], ...form.commonFields],
        body: "412 Precondition Failed\n",
      };
    case "proceed":
  }
  if (!evaluateIfRange(headers, validators, nowMs)) return form.whole();
  const selected = selectRanges(method, headers, length);
  if (selected.kind === "whole") return form.whole();
  if (selected.kind === "unsatisfiable") {
    return {
      status: 416,
      headers: [["Content-Range", unsatisfiedRange(length)], ["ETag", etag], ...form.commonFields],
      body: "",
    };
  }
  const { ranges } = selected;
  const [range, ...further] = ranges;
  if (range === undefined) return form.whole();
  if (further.length === 0) {
    return {
      status: 206,
      headers: [["Content-Range", contentRange(range, length)], ...fields],
      body: form.part(range),
    };
  }
  const multipart = multipartByteRanges(ranges, length, mediaType);
  return {
    status: 206,
    headers: [
      ["Content-Type", multipart.contentType],
      ["Content-Length", `${multipart.contentLength}`],
      ...fields.filter(([name]) => name !== "Content-Type"),
    ],
    body: multipartBody(multipart, form),
  };
}
