import { Buffer } from "node:buffer";
import { checkOptions, type OptionNames, wrongType } from "../socket/values.ts";
import { allowWriteInPlace, type Codec, type Decoder } from "./codec.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { checkFrameBytes, type FrameLimit, limitForm, maxFrameBytesOf, unencodableError } from "./frame-limit.ts";
import { checkChoice, checkFlag } from "./option.ts";
import { encodingOf, isEncodable, type TextEncoding, textOf } from "./text.ts";

const LF = 10;
const CR = 13;
const LF_ALONE = Buffer.of(LF);
const CRLF = Buffer.of(CR, LF);
/** The most bytes of one UTF-16 unit in UTF-8: three for U+0800 to U+FFFF. A character beyond has four bytes, and two units. */
const UNIT_BYTES_IN_UTF8 = 3;

/** Options of {@link lines}. */
export interface LinesOptions extends FrameLimit {
  /** The line ending that `encode` writes; default `"\n"`. */
  readonly newline?: "\n" | "\r\n" | undefined;
  /**
   * False, the default: both LF and CRLF end a line, and a CR elsewhere is part of the line. True: only `newline` ends a line, and
   * any other CR or LF is malformed: an attacker can exploit two programs that read it differently (as in SMTP, RFC 5321,
   * section 2.3.8).
   */
  readonly strict?: boolean | undefined;
  /** The encoding. `"utf8"`, the default: other bytes are malformed. `"latin1"`: every byte is a character. */
  readonly encoding?: TextEncoding | undefined;
  /** Whether the end of input also ends a line; default false, since the line may be cut short. */
  readonly allowUnterminated?: boolean | undefined;
}

const LINES_OPTIONS: OptionNames<LinesOptions> = {
  maxFrameBytes: true,
  newline: true,
  strict: true,
  encoding: true,
  allowUnterminated: true,
};

/**
 * A codec of text lines, without their line endings. An empty line is an empty frame.
 *
 * @throws RangeError, TypeError for an option · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `_MALFORMED` (not
 * UTF-8; with `strict` a bare CR or LF), `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`: `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` (a
 * LF in it, a CR at its end, with `strict` any CR, a lone surrogate), `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`.
 * @example
 * ```ts
 * import { lines } from "sockwright/codec";
 *
 * const codec = lines({ newline: "\r\n", maxFrameBytes: 512 });
 * console.log(JSON.stringify(String(codec.encode("PING")))); // => "PING\r\n"
 *
 * const decoder = codec.decoder();
 * decoder.push(Buffer.from("one\ntwo\r\nthr"));
 * console.log(decoder.next(), decoder.next(), decoder.next()); // => one two undefined
 * decoder.push(Buffer.from("ee\n"));
 * console.log(decoder.next()); // => three
 * ```
 */
export function lines(options: LinesOptions = {}): Codec<string> {
  checkOptions("lines()", options, LINES_OPTIONS, limitForm);
  return lineCodec("lines", options);
}

/** The codec of {@link lines} under another name, for codecs that are made of it. */
export function lineCodec(name: string, options: LinesOptions): Codec<string> {
  const newline = checkChoice("options.newline", options.newline, ["\n", "\r\n"]);
  const form: LineForm = {
    isStrict: checkFlag("options.strict", options.strict),
    isCrlf: newline === "\r\n",
    encoding: encodingOf(options.encoding),
    maxFrameBytes: maxFrameBytesOf(options),
    allowUnterminated: checkFlag("options.allowUnterminated", options.allowUnterminated),
  };
  return allowWriteInPlace({
    name,
    decoder: (): Decoder<string> => new LineDecoder(name, form),
    encode(line) {
      if (typeof line !== "string") throw wrongType("line", "of type string", line);
      const bytes = Buffer.from(line + newline, form.encoding);
      checkLine(name, form, line, bytes.length - newline.length);
      return bytes;
    },
    encodeInto(line, memory, at) {
      if (typeof line !== "string") throw wrongType("line", "of type string", line);
      if (UNIT_BYTES_IN_UTF8 * (line.length + newline.length) > memory.length - at) return undefined;
      const bytes = memory.write(line, at, form.encoding);
      checkLine(name, form, line, bytes);
      let end = at + bytes;
      if (form.isCrlf) memory[end++] = CR;
      memory[end] = LF;
      return bytes + newline.length;
    },
  });
}

/** @param bytes - the number of bytes of the encoded line. */
function checkLine(name: string, { encoding, isStrict, maxFrameBytes }: LineForm, line: string, bytes: number): void {
  if (!isEncodable(line, bytes, encoding)) {
    throw unencodableError(name, `the line has a character that ${encoding} does not have`);
  }
  if (line.includes("\n")) throw unencodableError(name, "the line has a LF in it");
  if (line.endsWith("\r")) throw unencodableError(name, "the line ends in a CR");
  if (isStrict && line.includes("\r")) throw unencodableError(name, "the line has a CR in it");
  checkFrameBytes(name, bytes, maxFrameBytes);
}

interface LineForm {
  readonly isStrict: boolean;
  readonly isCrlf: boolean;
  readonly encoding: TextEncoding;
  readonly maxFrameBytes: number;
  readonly allowUnterminated: boolean;
}

class LineDecoder extends FrameDecoder<string> {
  readonly #form: LineForm;
  /** Bytes of the line already searched: they have no LF. */
  #searchedBytes = 0;

  constructor(codec: string, form: LineForm) {
    super(codec);
    this.#form = form;
  }

  /** With `strict` and CRLF a LF alone does not end a skipped line: the bytes after it are no line. */
  protected override get delimiter(): Buffer {
    return this.#form.isStrict && this.#form.isCrlf ? CRLF : LF_ALONE;
  }

  protected override get allowsUnterminated(): boolean {
    return this.#form.allowUnterminated;
  }

  protected measure(bytes: Buffer, start: number): number | undefined {
    const at = bytes.indexOf(LF, start + this.#searchedBytes);
    this.#searchedBytes = at < 0 ? bytes.length - start : 0;
    if (at >= 0) return at - start + 1;
    // One byte above the limit may be the CR of the line ending.
    if (this.#searchedBytes > this.#form.maxFrameBytes + 1) throw this.tooLargeError(this.#form.maxFrameBytes);
    return undefined;
  }

  protected open(bytes: Buffer, start: number, length: number): string {
    const end = start + length - 1;
    const hasCr = end > start && bytes[end - 1] === CR;
    if (this.#form.isStrict && this.#form.isCrlf && !hasCr) {
      this.#checkSize(length - 1);
      throw this.malformedError("a LF without a CR before it");
    }
    return this.#line(bytes, start, hasCr && (this.#form.isCrlf || !this.#form.isStrict) ? end - 1 : end);
  }

  protected override openLast(bytes: Buffer, start: number, length: number): string | undefined {
    if (!this.#form.allowUnterminated) return super.openLast(bytes, start, length);
    const end = start + length;
    this.#searchedBytes = 0;
    return this.#line(bytes, start, bytes[end - 1] === CR && !this.#form.isStrict ? end - 1 : end);
  }

  protected override resetSearch(): void {
    this.#searchedBytes = 0;
  }

  #line(bytes: Buffer, from: number, to: number): string {
    this.#checkSize(to - from);
    const text = textOf(bytes, from, to, this.#form.encoding);
    if (text === undefined) throw this.malformedError("the line is not UTF-8");
    if (this.#form.isStrict && text.includes("\r")) throw this.malformedError("a CR without a LF after it");
    return text;
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#form.maxFrameBytes) throw this.tooLargeError(this.#form.maxFrameBytes);
  }
}
