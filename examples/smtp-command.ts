// The lines of a mail client, RFC 5321, 2.3.8: only CR LF ends one, and it is never long.
import { FrameError, lines } from "sockwright/codec";
import type { Frames } from "sockwright/server";

/** With what ends it, 512 bytes: RFC 5321, 4.5.3.1.4. */
const MAX_LINE_BYTES = 510;

export const commandLines = lines({
  newline: "\r\n",
  strict: true,
  maxFrameBytes: MAX_LINE_BYTES,
  encoding: "latin1",
});

/** The next line. What is none is left out, and in its place comes what no command is like. */
export async function readCommand(commands: Frames<string>): Promise<string | undefined> {
  try {
    return await commands.read();
  } catch (error) {
    if (error instanceof FrameError) return `(${await commands.skip()} bytes)`;
    throw error;
  }
}
