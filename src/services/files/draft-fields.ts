import type { Fields } from "../../http/fields.ts";
import { parseBoolean, parseInteger } from "../../http/structured-field.ts";

/**
 * A version of the draft draft-ietf-httpbis-resumable-upload: the interop versions 3 (draft -01), 5 (-03) and 6 (-05), which their
 * clients name in Upload-Draft-Interop-Version, or the newest, -15, which has no such field.
 */
export type DraftVersion = 3 | 5 | 6 | "newest";

/** The type of problems with offsets: draft -15, section 7.1. */
export const MISMATCHING_OFFSET = "https://iana.org/assignments/http-problem-types#mismatching-upload-offset";
/** The type of problems with lengths: draft -15, section 7.2. */
export const INCONSISTENT_LENGTH = "https://iana.org/assignments/http-problem-types#inconsistent-upload-length";

/** What a request says of an upload. A field that is malformed is as if it were not there, as the draft demands. */
export interface DraftRequest {
  readonly version: DraftVersion;
  /** Whether the body is the rest of the file; undefined when the request does not say it, and so does not speak this protocol. */
  readonly isComplete: boolean | undefined;
  readonly offset: number | undefined;
  readonly length: number | undefined;
}

/** Reads the fields of a request. */
export function readDraftFields(headers: Fields): DraftRequest {
  const version = versionOf(headers.get("Upload-Draft-Interop-Version"));
  const complete = booleanOf(headers.get("Upload-Complete"));
  const incomplete = booleanOf(headers.get("Upload-Incomplete"));
  return {
    version,
    // Draft -01, section 4: Upload-Incomplete is the opposite.
    isComplete: version === 3 && incomplete !== undefined ? !incomplete : complete,
    offset: sizeOf(headers.get("Upload-Offset")),
    length: sizeOf(headers.get("Upload-Length")),
  };
}

/** The field that says whether an upload is complete. */
export function completeField(version: DraftVersion, isComplete: boolean): readonly [string, string] {
  return version === 3
    ? ["Upload-Incomplete", isComplete ? "?0" : "?1"]
    : ["Upload-Complete", isComplete ? "?1" : "?0"];
}

/** The field by which a client of an interop version recognizes its server. */
export function versionFields(version: DraftVersion): readonly (readonly [string, string])[] {
  return version === "newest" ? [] : [["Upload-Draft-Interop-Version", `${version}`]];
}

/**
 * The value of Upload-Limit: draft -15, section 4.1.4.
 *
 * @param maxAgeMs - how long the upload lives if nothing more arrives.
 */
export function uploadLimit(maxBytes: number, maxAgeMs: number): string {
  return `max-size=${maxBytes}, max-age=${Math.max(0, Math.floor(maxAgeMs / 1_000))}`;
}

function versionOf(text: string | undefined): DraftVersion {
  const version = text === undefined ? undefined : parseInteger(text);
  return version === 3 || version === 5 || version === 6 ? version : "newest";
}

function booleanOf(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : parseBoolean(text);
}

function sizeOf(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseInteger(text);
  return value === undefined || value < 0 ? undefined : value;
}
