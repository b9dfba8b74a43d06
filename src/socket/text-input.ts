import type { SockwrightError } from "./sockwright-error.ts";
import type { Decoding } from "./text-encoding.ts";
import { isUniversal, type Newline } from "./text-units.ts";

/**
 * Received bytes as the text that a file reads: decoded, with the line ends that were asked for. The first byte that is no text
 * is an error for good, told when what came before it was read.
 */
export class TextInput {
  /** Why there is no further text. */
  error: SockwrightError | undefined;
  readonly #decoding: Decoding;
  readonly #newline: Newline;
  /** A `\r`, until it is known whether a `\n` is behind it. */
  #held = "";

  constructor(decoding: Decoding, newline: Newline) {
    this.#decoding = decoding;
    this.#newline = newline;
  }

  /** @param bytes - none at the end. */
  textOf(bytes: Uint8Array): string {
    const isEnd = bytes.length === 0;
    const { text, error } = isEnd ? this.#decoding.end() : this.#decoding.decode(bytes);
    this.error = error;
    if (!isUniversal(this.#newline)) return text;
    let whole = this.#held + text;
    this.#held = "";
    // What stands before an error is all that comes.
    if (!isEnd && error === undefined && whole.endsWith("\r")) {
      whole = whole.slice(0, -1);
      this.#held = "\r";
    }
    return this.#newline === null && whole.includes("\r") ? whole.replace(/\r\n?/g, "\n") : whole;
  }
}
