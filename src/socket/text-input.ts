import type { SockwrightError } from "./sockwright-error.ts";
import type { Decoding } from "./text-encoding.ts";
import { isUniversal, type Newline } from "./text-units.ts";

/**
 * Decodes received bytes to the text of a file, with the line ends of its `newline` option. The first byte that cannot be decoded
 * is a permanent error, which reads report after the text before it.
 */
export class TextInput {
  /** The reason why there is no further text; undefined while there is. */
  error: SockwrightError | undefined;
  readonly #decoding: Decoding;
  readonly #newline: Newline;
  /** A `\r` that is kept until it is known whether a `\n` follows it. */
  #held = "";

  constructor(decoding: Decoding, newline: Newline) {
    this.#decoding = decoding;
    this.#newline = newline;
  }

  /** Decodes the next bytes. @param bytes - empty at the end of the input. */
  textOf(bytes: Uint8Array): string {
    const isEnd = bytes.length === 0;
    const { text, error } = isEnd ? this.#decoding.end() : this.#decoding.decode(bytes);
    this.error = error;
    if (!isUniversal(this.#newline)) return text;
    let whole = this.#held + text;
    this.#held = "";
    // After an error there is no further text, so a final `\r` is not kept.
    if (!isEnd && error === undefined && whole.endsWith("\r")) {
      whole = whole.slice(0, -1);
      this.#held = "\r";
    }
    return this.#newline === null && whole.includes("\r") ? whole.replace(/\r\n?/g, "\n") : whole;
  }
}
