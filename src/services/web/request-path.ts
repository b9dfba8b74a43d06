import { encodeTarget } from "../../http/target-encoding.ts";

/** Limits the bytes of a decoded path; a longer one is answered with 404. Half of PATH_MAX, so that together with the root's path proc(5) can show it. */
export const MAX_PATH_BYTES = 2_048;
/** Limits the bytes of a segment of a path, limits.h, NAME_MAX; a longer one is answered with 404. */
export const MAX_NAME_BYTES = 255;

/** Which names that begin with a dot can be asked for: none, `.well-known` of the root, RFC 8615, or all. */
export type Dotfiles = "hidden" | "well-known" | "shown";

/** What a request asks for, or with which status it is refused. */
export type RequestPath =
  | {
      readonly type: "path";
      /** From the root, without a slash at either end; `""` is the root. */
      readonly relative: string;
      /** Whether it was written as that of a directory: a file of the name is not what was asked for. */
      readonly endsInSlash: boolean;
    }
  | { readonly type: "refused"; readonly status: 400 | 404 };

const BAD: RequestPath = { type: "refused", status: 400 };
const NOT_FOUND: RequestPath = { type: "refused", status: 404 };

/** What no target has: RFC 3986 knows neither controls nor bytes beyond ASCII. */
const NOT_SENT = /[^\x20-\x7e]/;
/** What a name may have, and no request can ask for: as text it could be taken for something else. */
export const CONTROL = /\p{Cc}/u;

/**
 * The path of a request as that of a file.
 *
 * It is decoded once, as UTF-8, segment by segment. Segments that are empty are passed over, as the kernel does; `.` and `..`, also
 * percent-encoded, are removed as RFC 3986, section 5.2.4, says, but a path that leaves the root by them is refused with 400. So is
 * a bad escape, what is not UTF-8, and a control. Refused with 404 is a slash within a segment, `%2F`, since no file has such a name;
 * a segment or a path that is too long; and a name that is hidden. A backslash is a letter like any other on Linux.
 *
 * @param path - as it was sent, percent-encoded, without the query.
 */
export function requestPath(path: string, dotfiles: Dotfiles = "hidden"): RequestPath {
  if (!path.startsWith("/") || NOT_SENT.test(path)) return BAD;
  const segments: string[] = [];
  let endsInSlash = true;
  for (const encoded of path.split("/")) {
    const segment = decodedSegment(encoded);
    if (segment === undefined || CONTROL.test(segment)) return BAD;
    if (segment.includes("/")) return NOT_FOUND;
    endsInSlash = segment === "" || segment === "." || segment === "..";
    if (segment === ".." && segments.pop() === undefined) return BAD;
    if (!endsInSlash) segments.push(segment);
  }
  const relative = segments.join("/");
  const isServed = segments.every((name, depth) => isName(name) && !isHidden(name, depth, dotfiles));
  return isServed && Buffer.byteLength(relative) <= MAX_PATH_BYTES
    ? { type: "path", relative, endsInSlash }
    : NOT_FOUND;
}

function isName(segment: string): boolean {
  return Buffer.byteLength(segment) <= MAX_NAME_BYTES;
}

/** Decodes a segment of a path; undefined for a bad escape, and for bytes that are not UTF-8. */
export function decodedSegment(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    // A URIError: a bad escape, or bytes that are not UTF-8.
    return undefined;
  }
}

function isHidden(name: string, depth: number, dotfiles: Dotfiles): boolean {
  if (dotfiles === "shown" || !name.startsWith(".")) return false;
  return dotfiles === "hidden" || depth > 0 || name !== ".well-known";
}

/**
 * Where a directory is that was asked for without the slash at its end: a path with one slash at its beginning, so that it stays
 * on the site, whatever was asked for. RFC 9110, section 10.2.2.
 *
 * @param relative - from the root, as {@link requestPath} gives it.
 * @param query - as it was sent, without its question mark; it is kept.
 * @param mountPath - what was in front of the path, as it was sent; it is kept, too.
 */
export function directoryLocation(relative: string, query: string | undefined, mountPath = ""): string {
  const mounted = encodeTarget(withoutSlashesAround(mountPath));
  const mount = mounted === "" ? "" : `/${mounted}`;
  const path = relative === "" ? "/" : `/${relative.split("/").map(encodeURIComponent).join("/")}/`;
  return query === undefined ? mount + path : `${mount}${path}?${encodeTarget(query)}`;
}

/** Two of them at the beginning would lead to another host. */
function withoutSlashesAround(path: string): string {
  let [start, end] = [0, path.length];
  while (path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return path.slice(start, end);
}
