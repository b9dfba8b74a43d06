// The command lines of a mail client, RFC 5321, 2.3.8: only CR LF ends a line.
import { FrameError, lines } from "sockwright/codec";
import type { Frames } from "sockwright/server";

/** With CR LF, 512 bytes: RFC 5321, 4.5.3.1.4. */
const MAX_LINE_BYTES = 510;

export const commandLines = lines({
  newline: "\r\n",
  strict: true,
  maxFrameBytes: MAX_LINE_BYTES,
  encoding: "latin1",
});

/** Returns the next line, or for an invalid one a text that is no command. */
export async function readCommand(commands: Frames<string>): Promise<string | undefined> {
  try {
    return await commands.read();
  } catch (error) {
    if (error instanceof FrameError) return `(${await commands.skip()} bytes)`;
    throw error;
  }
}
