// The lines of a stream, each once and whole, however the stream was cut into reads.
import type { Socket } from "sockwright";

/** A line without an end would otherwise fill the memory. */
const MAX_LINE_BYTES = 4096;
const READ_BYTES = 4096;

class LineError extends Error {
  readonly code = "LINE_TOO_LONG";
}

/** Without their line ends, LF or CRLF. The last line may be without one. */
export async function* lines(from: Socket): AsyncGenerator<string, void> {
  let rest = Buffer.alloc(0);
  for (;;) {
    const data = await from.recv(READ_BYTES);
    rest = Buffer.concat([rest, data]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield textOf(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (data.length === 0 && rest.length > 0) yield textOf(rest);
    if (data.length === 0) return;
    checkLength(rest);
  }
}

function textOf(line: Buffer): string {
  checkLength(line);
  return line.toString().replace(/\r$/, "");
}

function checkLength({ length }: Buffer): void {
  if (length <= MAX_LINE_BYTES) return;
  throw new LineError(`a line is longer than ${MAX_LINE_BYTES} bytes`);
}
