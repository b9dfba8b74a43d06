import { CertificateError } from "./certificate-error.ts";

/** One element of DER. */
export interface DerElement {
  /** The identifier, of one byte. */
  readonly tag: number;
  readonly content: Buffer;
  /** The tag, the length and the content. */
  readonly whole: Buffer;
}

/**
 * Splits bytes into the elements that follow one another in them.
 *
 * @throws CertificateError for a tag of several bytes, a length that is not of DER, and an element that is cut off.
 */
export function derElements(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const next = firstElement(rest);
    elements.push(next);
    rest = rest.subarray(next.whole.length);
  }
  return elements;
}

function firstElement(bytes: Buffer): DerElement {
  const [tag = 0, first] = bytes;
  if ((tag & 0x1f) === 0x1f || first === undefined) throw malformed();
  const [length, from] = first < 0x80 ? [first, 2] : longLength(bytes, first & 0x7f);
  if (from + length > bytes.length) throw malformed();
  return { tag, content: bytes.subarray(from, from + length), whole: bytes.subarray(0, from + length) };
}

function longLength(bytes: Buffer, size: number): [length: number, from: number] {
  // X.690, section 10.1: the shortest form. Four bytes count to 4 GiB.
  if (size === 0 || size > 4 || bytes.length < 2 + size) throw malformed();
  const length = bytes.readUIntBE(2, size);
  if (length < 0x80 || length < 256 ** (size - 1)) throw malformed();
  return [length, 2 + size];
}

function malformed(): CertificateError {
  return new CertificateError("the certificate is not DER");
}
