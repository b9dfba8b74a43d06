// What each codec should decode, in plain code that reads the whole input at once, with strings and bigints.
import type { FrameErrorCode } from "../../../src/codec.ts";

/** The frames of a complete input, and the code of the error after them. */
export interface Reading {
  readonly frames: unknown[];
  readonly code: FrameErrorCode | undefined;
}

export type Reference = (input: Buffer) => Reading;

const TOO_LARGE = "ERR_SOCKWRIGHT_FRAME_TOO_LARGE";
const MALFORMED = "ERR_SOCKWRIGHT_FRAME_MALFORMED";
const END = "ERR_SOCKWRIGHT_UNEXPECTED_END";

/** Returns the first frame of the input and the number of bytes that it takes, or the code of its error. */
type Step = (input: Buffer) => { frame: unknown; taken: number } | FrameErrorCode;

function repeated(step: Step): Reference {
  return (input) => {
    const frames: unknown[] = [];
    for (let rest = input; rest.length > 0; ) {
      const result = step(rest);
      if (typeof result === "string") return { frames, code: result };
      if (result.frame !== undefined) frames.push(result.frame);
      rest = rest.subarray(result.taken);
    }
    return { frames, code: undefined };
  };
}

interface LineRules {
  readonly max: number;
  readonly strict?: "\n" | "\r\n";
  readonly latin1?: boolean;
  readonly unterminated?: boolean;
}

export function readLines({ max, strict, latin1 = false, unterminated = false }: LineRules): Reference {
  return repeated((input) => {
    const text = input.toString("latin1");
    const [line = "", ...others] = text.split("\n");
    const isLast = others.length === 0;
    if (isLast && line.length > max + 1) return TOO_LARGE;
    if (isLast && !unterminated) return END;
    const isCut = line.endsWith("\r") && (isLast ? strict === undefined : strict !== "\n");
    const content = isCut ? line.slice(0, -1) : line;
    if (content.length > max) return TOO_LARGE;
    if (strict === "\r\n" && !isLast && !isCut) return MALFORMED;
    const frame = decoded(content, latin1);
    if (frame === undefined || (strict !== undefined && content.includes("\r"))) return MALFORMED;
    return { frame, taken: line.length + (isLast ? 0 : 1) };
  });
}

function decoded(content: string, latin1: boolean): string | undefined {
  try {
    const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return latin1 ? content : utf8.decode(Buffer.from(content, "latin1"));
  } catch {
    return undefined;
  }
}

export function readJsonLines(max: number): Reference {
  const lines = readLines({ max });
  return (input) => {
    const { frames, code } = lines(input);
    const values: unknown[] = [];
    for (const line of frames) {
      try {
        values.push(JSON.parse(String(line)));
      } catch {
        return { frames: values, code: MALFORMED };
      }
    }
    return { frames: values, code };
  };
}

export function readDelimited(ending: string, max: number): Reference {
  return repeated((input) => {
    const [content = "", ...others] = input.toString("latin1").split(ending);
    if (others.length > 0) {
      if (content.length > max) return TOO_LARGE;
      return { frame: Buffer.from(content, "latin1"), taken: content.length + ending.length };
    }
    // An incomplete delimiter can begin only in the last `ending.length - 1` bytes.
    return content.length - ending.length + 1 > max ? TOO_LARGE : END;
  });
}

export function readFixed(size: number): Reference {
  return repeated((input) => (input.length < size ? END : { frame: input.subarray(0, size), taken: size }));
}

export function readNetstrings(max: number): Reference {
  return repeated((input) => {
    const text = input.toString("latin1");
    let digits = "";
    while (digits === "" || text[digits.length] !== ":") {
      const next = text[digits.length];
      if (next === undefined) return END;
      if (!/\d/.test(next) || digits === "0") return MALFORMED;
      digits += next;
      if (Number(digits) > max) return TOO_LARGE;
    }
    const begin = digits.length + 1;
    const end = begin + Number(digits);
    if (end >= text.length) return END;
    if (text[end] !== ",") return MALFORMED;
    return { frame: input.subarray(begin, end), taken: end + 1 };
  });
}

interface LengthRules {
  readonly max: number;
  readonly bytes: number;
  readonly little?: boolean;
  readonly offset?: number;
  readonly inclusive?: boolean;
  readonly adjustment?: number;
}

export function readLengthPrefixed(rules: LengthRules): Reference {
  const { max, bytes, little = false, offset = 0, inclusive = false, adjustment = 0 } = rules;
  const header = offset + bytes;
  return repeated((input) => {
    if (input.length < header) return END;
    const field = [...input.subarray(offset, header)];
    if (little) field.reverse();
    const length = field.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
    const body = length + BigInt(adjustment) - BigInt(inclusive ? header : 0);
    if (body < 0n) return MALFORMED;
    const total = BigInt(header) + body;
    if ((offset > 0 ? total : body) > BigInt(max)) return TOO_LARGE;
    if (total > BigInt(input.length)) return END;
    return { frame: input.subarray(offset > 0 ? 0 : header, Number(total)), taken: Number(total) };
  });
}

export function readVarintPrefixed(max: number): Reference {
  return repeated((input) => {
    const last = input.findIndex((byte) => byte < 0x80);
    if (last > 9 || (last < 0 && input.length > 9) || (last === 9 && (input[9] ?? 0) > 1)) return MALFORMED;
    if (last < 0) return END;
    if (last > 0 && input[last] === 0) return MALFORMED;
    const groups = [...input.subarray(0, last + 1)].reverse();
    const length = groups.reduce((value, byte) => value * 128n + BigInt(byte & 0x7f), 0n);
    if (length > BigInt(max)) return TOO_LARGE;
    const end = last + 1 + Number(length);
    return end > input.length ? END : { frame: input.subarray(last + 1, end), taken: end };
  });
}

/** A frame is a type byte, a length byte and as many bytes of text; `max` includes the two header bytes. */
export function readTagged(max: number): Reference {
  return repeated((input) => {
    const [type, length] = input;
    if (type === undefined || length === undefined) return END;
    if (2 + length > max) return TOO_LARGE;
    if (2 + length > input.length) return END;
    return { frame: [type, input.toString("latin1", 2, 2 + length)], taken: 2 + length };
  });
}

/** Reads the contents of the outer frames with the inner reference. */
export function readLayered(outer: Reference, inner: Reference): Reference {
  return (input) => {
    const { frames, code } = outer(input);
    const within = inner(Buffer.concat(frames as Buffer[]));
    const isOver = within.code === undefined || within.code === END;
    // If the outer stream is cut short, its error comes first: the inner decoder never sees the end of its input.
    return { frames: within.frames, code: isOver ? (code ?? within.code) : within.code };
  };
}
