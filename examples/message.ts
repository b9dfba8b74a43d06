// Messages in a stream: the length, 4 bytes with the highest first, and then so many bytes.
import { MSG_WAITALL, type Socket } from "sockwright";

/** Nobody may make the other side wait for, and keep, more than this. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;

class MessageError extends Error {
  readonly code = "BAD_MESSAGE";
}

export async function sendMessage(to: Socket, text: string): Promise<void> {
  const body = Buffer.from(text);
  checkLength(body.length);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  await to.sendall(Buffer.concat([length, body]));
}

/** The next message, or undefined when the stream has ended behind the last one. */
export async function receiveMessage(from: Socket): Promise<Buffer | undefined> {
  const start = await from.recv(LENGTH_BYTES, { flags: MSG_WAITALL });
  if (start.length === 0) return undefined;
  const length = checkWhole(start, LENGTH_BYTES).readUInt32BE();
  checkLength(length);
  if (length === 0) return Buffer.alloc(0);
  return checkWhole(await from.recv(length, { flags: MSG_WAITALL }), length);
}

function checkLength(bytes: number): void {
  if (bytes <= MAX_MESSAGE_BYTES) return;
  throw new MessageError(`a message of ${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are taken`);
}

function checkWhole(data: Buffer, bytes: number): Buffer {
  if (data.length === bytes) return data;
  throw new MessageError("the stream ended in the middle of a message");
}
