import type { HttpHeaders } from "../../http/service/http-headers.ts";

/** The header fields that pages of other sites may send: those of the protocols. */
const REQUEST_FIELDS = [
  "Authorization",
  "Content-Type",
  "Content-Range",
  "Content-Digest",
  "Repr-Digest",
  "Destination",
  "Overwrite",
  "If-Match",
  "If-None-Match",
  "Tus-Resumable",
  "Upload-Checksum",
  "Upload-Complete",
  "Upload-Concat",
  "Upload-Defer-Length",
  "Upload-Draft-Interop-Version",
  "Upload-Incomplete",
  "Upload-Length",
  "Upload-Metadata",
  "Upload-Offset",
  "X-HTTP-Method-Override",
].join(", ");
/** The header fields of answers that those pages may read. */
const ANSWER_FIELDS = [
  "ETag",
  "Location",
  "Repr-Digest",
  "Retry-After",
  "Tus-Checksum-Algorithm",
  "Tus-Extension",
  "Tus-Max-Size",
  "Tus-Resumable",
  "Tus-Version",
  "Upload-Complete",
  "Upload-Concat",
  "Upload-Defer-Length",
  "Upload-Draft-Interop-Version",
  "Upload-Expires",
  "Upload-Incomplete",
  "Upload-Length",
  "Upload-Limit",
  "Upload-Metadata",
  "Upload-Offset",
].join(", ");
/** How long a browser remembers what it may send, in seconds. */
const MAX_AGE_SECONDS = "600";

/** Which pages of other sites may send requests: Fetch, section 3.2. */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** Whether the page that sends a request is allowed. */
  allows(origin: string | undefined): boolean {
    return origin !== undefined && this.#origins.has(origin);
  }

  /** The fields of an answer to a page. */
  fieldsFor(origin: string | undefined): readonly (readonly [name: string, value: string])[] {
    if (this.#origins.size === 0) return [];
    if (origin === undefined || !this.allows(origin)) return [["Vary", "Origin"]];
    return [
      ["Access-Control-Allow-Origin", origin],
      ["Access-Control-Allow-Credentials", "true"],
      ["Access-Control-Expose-Headers", ANSWER_FIELDS],
      ["Vary", "Origin"],
    ];
  }

  /** The further fields of the answer to a preflight. */
  preflightFields(methods: string): HttpHeaders {
    return [
      ["Access-Control-Allow-Methods", methods],
      ["Access-Control-Allow-Headers", REQUEST_FIELDS],
      ["Access-Control-Max-Age", MAX_AGE_SECONDS],
    ];
  }
}
