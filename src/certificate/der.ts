// DER, ITU-T X.690: the values that a certificate has. Each function returns one element: tag, length, contents.

const SEQUENCE = 0x30;
const SET = 0x31;

/** The last year that UTCTime is for: RFC 5280, section 4.1.2.5. */
const LAST_UTC_YEAR = 2049;

/** Returns an element with the tag of one byte; the length has its shortest form. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = withoutZeros(Buffer.from(length.toString(16).padStart(12, "0"), "hex"));
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** Returns the bytes from the first that is not zero, and at least the last one. */
function withoutZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first === -1 ? bytes.length - 1 : first);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return element(SEQUENCE, ...contents);
}

/** Returns a SET of one member; more would have to be sorted. */
export function setOf(content: Uint8Array): Buffer {
  return element(SET, content);
}

/** Returns a BOOLEAN that is true. */
export function derTrue(): Buffer {
  return element(0x01, Buffer.from([0xff]));
}

/** Returns an INTEGER that is not negative, from one or more bytes, the highest first. */
export function unsignedInteger(bytes: Uint8Array): Buffer {
  const magnitude = withoutZeros(bytes);
  // A high bit would be a sign.
  return element(0x02, Buffer.from((magnitude[0] ?? 0) >= 0x80 ? [0] : []), magnitude);
}

/** Returns a BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Buffer {
  return element(0x03, Buffer.from([0]), bytes);
}

/** Returns a BIT STRING of named bits below 8; zeros at the end are left out, X.690, section 11.2.2. At least one bit is set. */
export function namedBits(...bits: readonly number[]): Buffer {
  const value = bits.reduce((all, bit) => all | (0x80 >> bit), 0);
  return element(0x03, Buffer.from([7 - Math.max(...bits), value]));
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(0x04, bytes);
}

/** Returns an OBJECT IDENTIFIER, from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return element(0x06, Buffer.from([40 * first + second, ...others].flatMap(base128)));
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128));
  return digits;
}

export function utf8String(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

/** Returns a time, to the second below: UTCTime for 1950 to 2049, GeneralizedTime for other years; RFC 5280, section 4.1.2.5. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-T:]/g, "")}Z`;
  const year = Number(text.slice(0, 4));
  return year >= 1950 && year <= LAST_UTC_YEAR
    ? element(0x17, Buffer.from(text.slice(2)))
    : element(0x18, Buffer.from(text));
}

/** Returns a context-specific element: one that has elements in it (EXPLICIT), or one in place of a primitive type's tag. */
export function contextual(number: number, form: "constructed" | "primitive", ...contents: Uint8Array[]): Buffer {
  return element((form === "constructed" ? 0xa0 : 0x80) | number, ...contents);
}
