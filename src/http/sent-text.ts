/** What no query has: RFC 3986, section 3.4, and besides what browsers send as it is; a backslash is a slash to them. */
const NOT_IN_QUERY = /[^!$-;=?-[\]-~]/g;

/** Text of a target as it may stand in a field that leads to it: what would be another one to a browser is percent-encoded. */
export function asSent(text: string): string {
  return Buffer.from(text).toString("latin1").replace(NOT_IN_QUERY, encodedByte);
}

function encodedByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
