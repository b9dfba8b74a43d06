// The message of a mail, RFC 5321, 4.5.2: up to a line that is a dot, which may be the first one.
import { delimiter, FrameError } from "sockwright/codec";
import type { Connection } from "sockwright/server";

export const MAX_MESSAGE_BYTES = 1024 * 1024;

const upToDot = delimiter("\r\n.\r\n", { maxFrameBytes: MAX_MESSAGE_BYTES });

/** Begins with the CRLF of the command before it: an empty message is `.\r\n` and nothing else. */
const message = {
  ...upToDot,
  decoder() {
    const decoder = upToDot.decoder();
    decoder.push(Buffer.from("\r\n"));
    decoder.keep();
    return decoder;
  },
};

/** What comes next; "" is too long, and is left out. Undefined where nothing more comes. */
export async function readMessage(connection: Connection): Promise<string | undefined> {
  const frames = connection.frames(message);
  try {
    const bytes = await frames.read();
    // A dot before another one was put there by the sender.
    return bytes?.toString("latin1").replaceAll("\r\n.", "\r\n").slice(2).concat("\r\n");
  } catch (error) {
    if (!(error instanceof FrameError && error.code.endsWith("TOO_LARGE"))) throw error;
    await frames.skip();
    return "";
  } finally {
    frames.release();
  }
}
