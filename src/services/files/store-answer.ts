import type { HttpResponse } from "../../http/service/http-response.ts";
import { type ProblemDetails, problem } from "../../http/service/problem.ts";
import { INCONSISTENT_LENGTH, MISMATCHING_OFFSET } from "./draft-fields.ts";
import type { StoreError, StoreErrorCode } from "./store-error.ts";

/** The statuses of refusals. */
const STATUSES: Readonly<Record<StoreErrorCode, number>> = {
  BAD_DIGEST: 400,
  BAD_LENGTH: 400,
  BAD_OFFSET: 409,
  BUSY: 503,
  CHECKING: 503,
  CLOSED: 503,
  EXISTS: 409,
  FORBIDDEN: 403,
  GONE: 410,
  IN_USE: 503,
  IS_FOLDER: 409,
  MISSING: 404,
  NAME_TOO_LONG: 414,
  NOT_EMPTY: 409,
  NOT_FOLDER: 409,
  NO_SPACE: 507,
  QUOTA: 507,
  SUPERSEDED: 409,
  TOO_LARGE: 413,
  TOO_MANY_UPLOADS: 507,
};

/**
 * Returns the answer for a refusal of the store: a problem of RFC 9457 with its sentence.
 *
 * @param given - the offset of the request, as it was sent.
 */
export function answerOfStoreError({ code, message, details }: StoreError, given?: string): HttpResponse {
  const { offset, retryAfterMs } = details;
  const headers: [string, string][] = [];
  if (retryAfterMs !== undefined) headers.push(["Retry-After", `${Math.ceil(retryAfterMs / 1_000)}`]);
  if (offset !== undefined) headers.push(["Upload-Offset", `${offset}`]);
  return problem(STATUSES[code], { ...membersOf(code, offset, given), detail: message }, headers);
}

/** The type of a problem, and its members: draft -15, section 7. */
function membersOf(code: StoreErrorCode, offset: number | undefined, given: string | undefined): ProblemDetails {
  if (code === "BAD_LENGTH") return { type: INCONSISTENT_LENGTH, title: "Inconsistent length values for upload" };
  if (code !== "BAD_OFFSET") return {};
  return {
    type: MISMATCHING_OFFSET,
    title: "Offset from request does not match offset of resource",
    "expected-offset": offset,
    "provided-offset": given === undefined ? undefined : Number(given),
  };
}
