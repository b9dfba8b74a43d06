/** Bytes that must be escaped in a query: those that RFC 3986, section 3.4, does not allow, except those that browsers send unescaped. A backslash is a slash to browsers. */
const NOT_IN_QUERY = /[^!$-;=?-[\]-~]/g;

/** Percent-encodes the text of a target for a field such as Location, so that a browser reads the same target. */
export function encodeTarget(text: string): string {
  return Buffer.from(text).toString("latin1").replace(NOT_IN_QUERY, encodeByte);
}

function encodeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
