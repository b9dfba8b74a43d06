/** How a value is written into a URL: as the URL itself, as text of its path, or after `?` or `#`. */
export type UrlPart = "url" | "path" | "component";

/** Replaces a URL whose scheme is not http, https or mailto. */
export const HARMLESS_URL = "#";

/** The schemes that values may form. A scheme in the template itself may also be one that starts another program. */
const SCHEMES = /^(?:https?|mailto)$/i;
const WRITTEN_SCHEMES = /^(?:https?|mailto|sms|tel)$/i;

/** Whether the text before the first tag fixes the scheme, whatever follows; or has a scheme that runs what follows. */
export function schemeOf(written: string): "fixed" | "open" | "refused" {
  const [, scheme, end] = /^([^:/?#]*)([:/?#])/.exec(written.trim()) ?? [];
  if (end === undefined) return "open";
  return end !== ":" || WRITTEN_SCHEMES.test(scheme ?? "") ? "fixed" : "refused";
}

/**
 * Whether a URL has no scheme, http, https or mailto; of a list, whether each has. Everything before a colon counts as a scheme, so
 * it does not matter which characters a browser drops (URL, section 4.4).
 */
export function isHarmlessUrl(url: string, isList: boolean): boolean {
  const urls = isList ? url.split(/[\s,]+/) : [url];
  return urls.every((one) => {
    const [, scheme] = /^([^:/?#]*):/.exec(one.trim()) ?? [];
    return scheme === undefined || SCHEMES.test(scheme);
  });
}

/** Encodes a value for a URL: RFC 3986, section 2. */
export function encodeUrl(value: string, part: UrlPart, isList: boolean): string {
  // A lone surrogate has no UTF-8 form: a Buffer replaces it by U+FFFD, and encodeURIComponent() would throw.
  const text = Buffer.from(value).toString();
  if (part === "component") return encodeURIComponent(text);
  const encoded =
    part === "url"
      ? text.replace(/%(?![\dA-Fa-f]{2})|[^\w\-.~:/?#[\]@!$&'()*+,;=%]/gu, encodeURIComponent)
      : text.replace(/[^\w\-.~:/@!$&'()*+,;=]/gu, encodeURIComponent);
  // A comma and a space would begin another URL of a list; the space is encoded already.
  return isList ? encoded.replaceAll(",", "%2C") : encoded;
}
