/** How a value is written into an URL: as the URL itself, as text of its path, or behind `?` or `#`. */
export type UrlPart = "url" | "path" | "component";

/** Instead of an URL that is none of http, https and mailto. */
export const HARMLESS_URL = "#";

/** What values may form. A scheme that the template itself has may also be one that starts another program. */
const SCHEMES = /^(?:https?|mailto)$/i;
const WRITTEN_SCHEMES = /^(?:https?|mailto|sms|tel)$/i;

/** Whether the text before the first tag has decided on the scheme, whatever comes; or has one that runs what comes. */
export function schemeOf(written: string): "fixed" | "open" | "refused" {
  const [, scheme, end] = /^([^:/?#]*)([:/?#])/.exec(written.trim()) ?? [];
  if (end === undefined) return "open";
  return end !== ":" || WRITTEN_SCHEMES.test(scheme ?? "") ? "fixed" : "refused";
}

/**
 * Whether an URL has no scheme, http, https or mailto; of a list, whether each has. Whatever is before a colon is a scheme: so
 * it does not matter which letters a browser drops (URL, section 4.4).
 */
export function isHarmlessUrl(url: string, isList: boolean): boolean {
  const urls = isList ? url.split(/[\s,]+/) : [url];
  return urls.every((one) => {
    const [, scheme] = /^([^:/?#]*):/.exec(one.trim()) ?? [];
    return scheme === undefined || SCHEMES.test(scheme);
  });
}

/** A value as it stands in an URL: RFC 3986, section 2. */
export function encodeUrl(value: string, part: UrlPart, isList: boolean): string {
  // A lone surrogate has no UTF-8: a Buffer puts U+FFFD in its place, and encodeURIComponent() would throw.
  const text = Buffer.from(value).toString();
  if (part === "component") return encodeURIComponent(text);
  const encoded =
    part === "url"
      ? text.replace(/%(?![\dA-Fa-f]{2})|[^\w\-.~:/?#[\]@!$&'()*+,;=%]/gu, encodeURIComponent)
      : text.replace(/[^\w\-.~:/@!$&'()*+,;=]/gu, encodeURIComponent);
  // A comma and a space would begin another URL of a list; the space is encoded already.
  return isList ? encoded.replaceAll(",", "%2C") : encoded;
}
