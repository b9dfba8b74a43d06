/** The class of bytes of a token: RFC 9110, section 5.6.2. */
export const TOKEN = 1;
/** A byte of a field value: VCHAR, obs-text, SP and HTAB; RFC 9110, section 5.5. */
export const FIELD_VALUE = 2;
/** A byte of a request target before its query. */
export const PATH = 4;
/** A byte of a query. */
export const QUERY = 8;
/** A byte of a host name, without percent-encoding: RFC 3986, section 3.2.2. */
export const REG_NAME = 16;
/** A byte of a quoted string, without quotes and backslashes: RFC 9110, section 5.6.4. */
export const QUOTED_TEXT = 32;

/** The classes of each byte, as bits. */
export const BYTE_CLASS = new Uint8Array(256);
/** Each byte in lower case: only ASCII capitals change. */
export const LOWER_CASE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte,
);

const LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UNRESERVED = `${LETTERS_AND_DIGITS}-._~`;
const SUB_DELIMS = "!$&'()*+,;=";
const PCHAR = `${UNRESERVED}${SUB_DELIMS}%:@`;
// RFC 3986 does not allow these, but browsers send them unescaped, by the percent-encode sets of the URL standard.
const BROWSER_PATH_CHARACTERS = "[]^|";
const BROWSER_QUERY_CHARACTERS = "\\`{}";

for (let byte = 0; byte < 256; byte++) {
  if (byte === 0x09 || (byte >= 0x20 && byte !== 0x7f)) {
    add(byte, FIELD_VALUE);
    if (byte !== 0x22 && byte !== 0x5c) add(byte, QUOTED_TEXT);
  }
}
addAll(`${LETTERS_AND_DIGITS}!#$%&'*+-.^_\`|~`, TOKEN);
addAll(`${PCHAR}/${BROWSER_PATH_CHARACTERS}`, PATH | QUERY);
addAll(`?${BROWSER_QUERY_CHARACTERS}`, QUERY);
addAll(`${UNRESERVED}${SUB_DELIMS}`, REG_NAME);

function add(byte: number, classes: number): void {
  BYTE_CLASS[byte] = (BYTE_CLASS[byte] ?? 0) | classes;
}

function addAll(text: string, classes: number): void {
  for (const letter of text) add(letter.charCodeAt(0), classes);
}

/** Whether the text is not empty, and all its characters are in the class. */
export function isAll(text: string, byteClass: number): boolean {
  for (let at = 0; at < text.length; at++) {
    if (((BYTE_CLASS[text.charCodeAt(at)] ?? 0) & byteClass) === 0) return false;
  }
  return text !== "";
}
