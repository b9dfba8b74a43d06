import { extname } from "node:path";
import mimeTypes from "mime-types";
import { isFieldText } from "../../http/field-lines.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";

/** RFC 9110, section 8.3.2: the type of unknown content. */
export const UNKNOWN_MEDIA_TYPE = "application/octet-stream";

// RFC 9110, section 8.3.1: two tokens; parameters are not checked.
const MEDIA_TYPE = /^[!#$%&'*+.^`|~\w-]+\/[!#$%&'*+.^`|~\w-]+(?:[ \t]*;.*)?$/;
const EXTENSION = /^\.[^./]+$/;

/** Media types by extension, in lower case and with the dot. */
export type MediaTypes = ReadonlyMap<string, string>;

const NONE: MediaTypes = new Map();

/**
 * The value of Content-Type for a file by its extension, from `mime-types`, with `charset=utf-8` for text.
 *
 * @param fileName - its last part, such as `index.html`. A name without a dot, or with only a leading one, has no
 *   extension: the result is {@link UNKNOWN_MEDIA_TYPE}.
 * @param added - these take precedence over the built-in types.
 */
export function mediaTypeOf(fileName: string, added: MediaTypes = NONE): string {
  const extension = extname(fileName).toLowerCase();
  if (extension === "" || extension === ".") return UNKNOWN_MEDIA_TYPE;
  return added.get(extension) ?? (mimeTypes.contentType(extension) || UNKNOWN_MEDIA_TYPE);
}

/**
 * Media types by extension, `{ ".gltf": "model/gltf+json" }`. A text type without a charset gets `charset=utf-8`.
 *
 * @throws TypeError for an invalid extension, and for a media type that cannot be sent.
 */
export function addedMediaTypes(given: Readonly<Record<string, string>>): MediaTypes {
  const types = new Map<string, string>();
  for (const [extension, type] of Object.entries(given)) {
    if (!EXTENSION.test(extension)) throw wrongValue("mediaTypes", 'must have extensions such as ".html"', extension);
    const name = `mediaTypes["${extension}"]`;
    if (typeof type !== "string") throw wrongType(name, 'of type string, such as "text/html"', type);
    if (!MEDIA_TYPE.test(type) || !isFieldText(type)) throw wrongValue(name, 'must be such as "text/html"', type);
    types.set(extension.toLowerCase(), mimeTypes.contentType(type) || type);
  }
  return types;
}
