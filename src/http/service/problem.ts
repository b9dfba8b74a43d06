import { reasonPhrase } from "../reason-phrase.ts";
import { type HttpHeaders, headerLines } from "./http-headers.ts";
import type { HttpResponse } from "./http-response.ts";

/** What a problem says besides its status: RFC 9457, section 3. */
export interface ProblemDetails {
  /** A URI for the kind of problem; by default there is none besides the status. */
  readonly type?: string | undefined;
  /** What the kind of problem is, in a few words; default is the reason phrase of the status. */
  readonly title?: string | undefined;
  /** What has happened here, in a sentence. */
  readonly detail?: string | undefined;
  /** Further members. */
  readonly [member: string]: unknown;
}

/** Returns an answer with the problem as `application/problem+json`: RFC 9457. */
export function problem(
  status: number,
  { type, title, ...details }: ProblemDetails,
  headers?: HttpHeaders,
): HttpResponse {
  const body = { type, title: title ?? reasonPhrase(status), status, ...details };
  return {
    status,
    headers: [["Content-Type", "application/problem+json"], ["Cache-Control", "no-store"], ...headerLines(headers)],
    body: `${JSON.stringify(body)}\n`,
  };
}
