const CR = 0x0d;
const LF = 0x0a;

/** Translates each LF to CRLF, for peers that expect it. A CRLF stays as it is, even when its bytes are in two pieces. */
export class CrlfWriter {
  #endedInCr = false;

  translate(bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let from = 0;
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      const hasCr = at === 0 ? this.#endedInCr : bytes[at - 1] === CR;
      if (hasCr) continue;
      parts.push(bytes.subarray(from, at), Uint8Array.of(CR));
      from = at;
    }
    if (bytes.length > 0) this.#endedInCr = bytes[bytes.length - 1] === CR;
    return parts.length === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(from)]);
  }
}
