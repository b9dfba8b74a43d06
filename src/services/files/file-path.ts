import { decodedSegment } from "../web/request-path.ts";

/** Limits the bytes of a path; a longer one is refused with 414. */
export const MAX_FILE_PATH_BYTES = 2_048;
/** Limits the bytes of a name, limits.h, NAME_MAX; a longer one is refused with 414. */
export const MAX_FILE_NAME_BYTES = 255;

/** A path that the store may have, or the status with which it is refused. */
export type FilePath =
  | {
      readonly type: "path";
      /** From the root, without a slash at either end; `""` is the root. */
      readonly path: string;
      /** Whether it was written with a slash at its end. */
      readonly isFolder: boolean;
    }
  | Refused;

/** Why a path is refused. */
interface Refused {
  readonly type: "refused";
  readonly status: 400 | 404 | 414;
  readonly message: string;
}

/** Controls, and letters that change the direction of text, with which a name can look like another: Unicode TR 36. */
const UNSAFE = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u;

/**
 * Reads the path of a request, which is decoded once, as UTF-8, segment by segment. Nothing is corrected: a path with `..`, an empty
 * segment, a slash or backslash in a segment, a control or a letter that changes the direction of text is refused with 400, a name that
 * begins with a dot with 404, and a name or path that is too long with 414.
 *
 * @param path - as it was sent, percent-encoded, without the query.
 */
export function filePath(path: string): FilePath {
  if (!path.startsWith("/") || /[^\x21-\x7e]/.test(path))
    return bad("The path must begin with a slash and be percent-encoded");
  const segments: string[] = [];
  for (const encoded of path.slice(1).split("/")) {
    const segment = decodedSegment(encoded);
    if (segment === undefined) return bad("The path is not percent-encoded UTF-8");
    segments.push(segment);
  }
  return checked(segments);
}

/**
 * Reads the name of a file that a client gives in other ways, in a form or in metadata. It may have folders, with slashes between them.
 */
export function filePathOfName(name: string): FilePath {
  const found = checked(name.split("/"));
  return found.type === "path" && found.isFolder ? bad("The name of the file is empty") : found;
}

/** A name for comparison: names that differ only by case or normal form, UAX 15, have the same. */
export function foldedName(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/** The path as it is written in a URL. */
export function encodedPath(path: string, isFolder = false): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return isFolder && path !== "" ? `/${encoded}/` : `/${encoded}`;
}

/** @param segments - the last one is empty for a folder. */
function checked(segments: readonly string[]): FilePath {
  const isFolder = segments.at(-1) === "";
  const names = isFolder ? segments.slice(0, -1) : segments;
  for (const name of names) {
    if (name === "") return bad("The path has an empty segment");
    if (name === "." || name === "..") return bad("The path has a segment . or ..");
    if (/[/\\]/.test(name)) return bad("A name has a slash or a backslash");
    if (UNSAFE.test(name)) return bad("A name has a control character, or one that changes the direction of text");
    if (Buffer.byteLength(name) > MAX_FILE_NAME_BYTES) return tooLong(`A name may have ${MAX_FILE_NAME_BYTES} bytes`);
    if (name.startsWith("."))
      return { type: "refused", status: 404, message: "Names that begin with a dot are not served" };
  }
  const path = names.join("/");
  if (Buffer.byteLength(path) > MAX_FILE_PATH_BYTES) return tooLong(`A path may have ${MAX_FILE_PATH_BYTES} bytes`);
  return { type: "path", path, isFolder };
}

function bad(message: string): Refused {
  return { type: "refused", status: 400, message };
}

function tooLong(message: string): Refused {
  return { type: "refused", status: 414, message };
}
