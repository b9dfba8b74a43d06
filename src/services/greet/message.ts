/** A message without its line end, and the line end, which the service appends to the answer. */
export interface Message {
  readonly data: Buffer;
  readonly lineEnd: Buffer;
}

const LF = 0x0a;
const CR = 0x0d;

/** Splits one LF or CRLF off the end of the bytes. */
export function messageOf(bytes: Buffer): Message {
  const end = bytes.length;
  if (bytes[end - 1] !== LF) return { data: bytes, lineEnd: bytes.subarray(end) };
  const length = bytes[end - 2] === CR ? 2 : 1;
  return { data: bytes.subarray(0, end - length), lineEnd: bytes.subarray(end - length) };
}
