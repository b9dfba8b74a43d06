import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { wrongValue } from "./argument.ts";
import { SockwrightError } from "./sockwright-error.ts";

/** How to handle invalid bytes, and text that has no bytes in the encoding: an error, or U+FFFD and `?` in their place. */
export type EncodingErrors = "strict" | "replace";

/** Decodes bytes to text, piece by piece: an incomplete character waits for its remaining bytes. */
export interface Decoding {
  /** @throws SockwrightError `ERR_SOCKWRIGHT_ENCODING`, with what came before in it. */
  decode(bytes: Uint8Array): Decoded;
  /** The bytes are over: what is left. The next ones begin anew. */
  end(): Decoded;
}

/** The text, and why there is no more. */
interface Decoded {
  readonly text: string;
  readonly error?: SockwrightError;
}

/** Encodings that Node can write, too, by the names that Python and Node have for them, in small letters and without `-_ `. */
const WRITABLE: ReadonlyMap<string, WritableEncoding> = new Map([
  ...["utf8", "u8"].map((name): [string, WritableEncoding] => [name, "utf8"]),
  ...["utf16le", "ucs2"].map((name): [string, WritableEncoding] => [name, "utf16le"]),
  ...["latin1", "iso88591", "l1", "binary"].map((name): [string, WritableEncoding] => [name, "latin1"]),
  ...["ascii", "usascii"].map((name): [string, WritableEncoding] => [name, "ascii"]),
]);

type WritableEncoding = "utf8" | "utf16le" | "latin1" | "ascii";

/** The highest character code of the encodings that have few characters. */
const HIGHEST = { latin1: 0xff, ascii: 0x7f } as const;
/** U+FFFD, for a byte that is no character. */
const REPLACEMENT = "\ufffd";

/** Decodes an encoding by name: those of {@link WRITABLE}, and whatever TextDecoder knows. */
export function decodingOf(encoding: string, errors: EncodingErrors): Decoding {
  const known = WRITABLE.get(plain(encoding));
  if (known === "latin1" || known === "ascii") return new SingleByteDecoding(HIGHEST[known], encoding, errors);
  if (known === "utf8" && errors === "strict") return new StrictUtf8Decoding(encoding);
  const label = known === undefined ? encoding : known === "utf8" ? "utf-8" : "utf-16le";
  return new LabelDecoding(label, encoding, errors);
}

/** Encodes text; what it gives is the caller's own. */
export function encoderOf(encoding: string, errors: EncodingErrors): (text: string) => Buffer {
  const known = WRITABLE.get(plain(encoding));
  if (known === undefined) {
    throw wrongValue("options.encoding", "must be utf-8, utf-16le, latin-1 or ascii for a file that writes", encoding);
  }
  if (known !== "latin1" && known !== "ascii") return (text) => Buffer.from(text, known);
  const outside = known === "latin1" ? /[^\0-\xff]/gu : /[^\0-\x7f]/gu;
  return (text) => {
    const fitting = text.replace(outside, (character) => {
      if (errors === "replace") return "?";
      throw wrongValue("data", `has a character that ${encoding} has not`, character);
    });
    return Buffer.from(fitting, "latin1");
  };
}

function plain(encoding: string): string {
  return encoding.toLowerCase().replace(/[-_ ]/g, "");
}

function noText(encoding: string, cause?: unknown): SockwrightError {
  const error = new SockwrightError("ERR_SOCKWRIGHT_ENCODING");
  return Object.assign(error, { encoding, ...(cause === undefined ? {} : { cause }) });
}

class LabelDecoding implements Decoding {
  readonly #decoder: TextDecoder;
  readonly #encoding: string;

  constructor(label: string, encoding: string, errors: EncodingErrors) {
    this.#encoding = encoding;
    try {
      this.#decoder = new TextDecoder(label, { fatal: errors === "strict", ignoreBOM: true });
    } catch {
      throw wrongValue("options.encoding", "must be an encoding that TextDecoder knows, such as utf-8", encoding);
    }
  }

  decode(bytes: Uint8Array): Decoded {
    return this.#decoded(bytes, true);
  }

  end(): Decoded {
    return this.#decoded(undefined, false);
  }

  #decoded(bytes: Uint8Array | undefined, stream: boolean): Decoded {
    try {
      return { text: this.#decoder.decode(bytes, { stream }) };
    } catch (error) {
      return { text: "", error: noText(this.#encoding, error) };
    }
  }
}

/** Gives what stands before the first wrong byte, however the bytes were cut, as TextDecoder does not. */
class StrictUtf8Decoding implements Decoding {
  readonly #encoding: string;
  /** The beginning of a character. */
  #held: Uint8Array = new Uint8Array(0);

  constructor(encoding: string) {
    this.#encoding = encoding;
  }

  decode(bytes: Uint8Array): Decoded {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = all.length - unfinishedBytes(all);
    this.#held = all.subarray(end);
    const whole = Buffer.from(all.buffer, all.byteOffset, end);
    if (isUtf8(whole)) return { text: whole.toString() };
    return { text: validPrefix(whole), error: noText(this.#encoding) };
  }

  end(): Decoded {
    const isCut = this.#held.length > 0;
    this.#held = new Uint8Array(0);
    return isCut ? { text: "", error: noText(this.#encoding) } : { text: "" };
  }
}

/** How many bytes at the end are a character that is not whole. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    // A byte that continues a character: its first is further back.
    if ((byte & 0xc0) === 0x80) continue;
    // Those that begin none are wrong without what comes behind them.
    const length = byte > 0xf4 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

function validPrefix(bytes: Buffer): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  try {
    for (let at = 0; at < bytes.length; at++) text += decoder.decode(bytes.subarray(at, at + 1), { stream: true });
  } catch {
    // That was the wrong one.
  }
  return text;
}

class SingleByteDecoding implements Decoding {
  readonly #highest: number;
  readonly #encoding: string;
  readonly #errors: EncodingErrors;

  constructor(highest: number, encoding: string, errors: EncodingErrors) {
    this.#highest = highest;
    this.#encoding = encoding;
    this.#errors = errors;
  }

  decode(bytes: Uint8Array): Decoded {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    if (this.#highest === 0xff) return { text };
    const wrong = /[^\0-\x7f]/.exec(text)?.index;
    if (wrong === undefined) return { text };
    if (this.#errors === "replace") return { text: text.replace(/[^\0-\x7f]/g, REPLACEMENT) };
    return { text: text.slice(0, wrong), error: noText(this.#encoding) };
  }

  end(): Decoded {
    return { text: "" };
  }
}
