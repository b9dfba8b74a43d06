import { bytesOf, wrongType } from "./argument.ts";
import { BYTE_UNITS } from "./byte-units.ts";
import type { Endpoint } from "./endpoint.ts";
import { type FileSettings, fileSettings, type MakefileOptions } from "./file-options.ts";
import { type FileForm, SocketFile } from "./socket-file.ts";
import { decodingOf, encoderOf } from "./text-encoding.ts";
import { TextInput } from "./text-input.ts";
import { characters, type Newline, textUnits } from "./text-units.ts";

/** Creates a file on a socket: of bytes if the mode has a `b`, else of text. */
export function makefile(
  endpoint: Endpoint,
  mode: unknown,
  options: MakefileOptions | undefined,
): SocketFile<string> | SocketFile<Buffer> {
  endpoint.check();
  const settings = fileSettings(mode, options);
  return settings.isBinary
    ? new SocketFile(endpoint, settings, bytesForm(settings))
    : new SocketFile(endpoint, settings, textForm(settings));
}

function bytesForm({ isReader, bufferBytes, maxLineBytes, maxReadBytes }: FileSettings): FileForm<Buffer> {
  const limits = { bufferBytes, maxLineBytes, maxReadBytes };
  return {
    reading: isReader ? { ...limits, units: BYTE_UNITS, of: (bytes) => bytes, error: () => undefined } : undefined,
    encode(data) {
      const bytes = bytesOf("data", data);
      return { bytes, count: bytes.length, isFlushed: false };
    },
  };
}

function textForm(settings: FileSettings): FileForm<string> {
  const { isReader, isWriter, isLineBuffered, bufferBytes, maxLineBytes, maxReadBytes } = settings;
  const { encoding, errors, newline } = settings;
  const limits = { bufferBytes, maxLineBytes, maxReadBytes };
  const input = isReader ? new TextInput(decodingOf(encoding, errors), newline) : undefined;
  const encode = isWriter ? encoderOf(encoding, errors) : undefined;
  return {
    reading: input && {
      ...limits,
      units: textUnits(newline),
      of: (bytes) => input.textOf(bytes),
      error: () => input.error,
    },
    encode(data) {
      if (typeof data !== "string") throw wrongType("data", "of type string: the file is one of text", data);
      const bytes = encode?.(withLineEnds(data, newline)) ?? Buffer.alloc(0);
      return { bytes, count: characters(data), isFlushed: isLineBuffered && /[\r\n]/.test(data) };
    },
  };
}

function withLineEnds(text: string, newline: Newline): string {
  return newline === "\r" || newline === "\r\n" ? text.replaceAll("\n", newline) : text;
}
