import { checkOptions, type OptionNames } from "../socket/values.ts";
import type { Codec } from "./codec.ts";
import { type FrameLimit, limitForm } from "./frame-limit.ts";
import { lineCodec } from "./lines.ts";
import { mapFrames } from "./map-frames.ts";
import { checkFlag } from "./option.ts";

/** JSON.stringify with its real type: it returns undefined for a value without a JSON text. */
const textOf: (value: unknown) => string | undefined = JSON.stringify;

/** Options of {@link jsonLines}. */
export interface JsonLinesOptions extends FrameLimit {
  /** Whether the decoder ignores lines of white space only; default false: they are malformed. */
  readonly allowBlankLines?: boolean | undefined;
  /** Whether the end of input also ends a line; default false, since a number may be cut short. */
  readonly allowUnterminated?: boolean | undefined;
}

const JSON_LINES_OPTIONS: OptionNames<JsonLinesOptions> = {
  maxFrameBytes: true,
  allowBlankLines: true,
  allowUnterminated: true,
};

/**
 * A codec of JSON lines: one JSON text on each line, in UTF-8 (https://jsonlines.org). A decoded value may have any shape: check it, for instance in
 * `mapFrames(jsonLines(), { decode: check, encode: (value) => value })`. See {@link mapFrames}.
 *
 * @throws RangeError, TypeError for an option · of a decoder: FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`,
 * `ERR_SOCKWRIGHT_FRAME_MALFORMED` (its `cause` is the SyntaxError), `ERR_SOCKWRIGHT_UNEXPECTED_END` · of `encode`:
 * `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` (a value without a JSON text: undefined, a function, a bigint, a circular object),
 * `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`.
 * @example
 * ```ts
 * import { jsonLines } from "sockwright/codec";
 *
 * const codec = jsonLines();
 * const decoder = codec.decoder();
 * decoder.push(codec.encode({ type: "hello", from: "Ada" }));
 * console.log(decoder.next()); // => { type: 'hello', from: 'Ada' }
 * ```
 */
export function jsonLines(options: JsonLinesOptions = {}): Codec<unknown> {
  const name = "json-lines";
  checkOptions("jsonLines()", options, JSON_LINES_OPTIONS, limitForm);
  const { maxFrameBytes, allowUnterminated } = options;
  const allowBlankLines = checkFlag("options.allowBlankLines", options.allowBlankLines);
  return mapFrames<string, string, unknown>(lineCodec(name, { maxFrameBytes, allowUnterminated }), {
    name,
    decode: (line) => (allowBlankLines && line.trim() === "" ? undefined : JSON.parse(line)),
    encode(value) {
      const text = textOf(value);
      if (text === undefined) throw new TypeError(`JSON has no text for a value of type ${typeof value}`);
      return text;
    },
  });
}
