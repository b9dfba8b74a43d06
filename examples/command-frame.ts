// A client of command-server.ts sends a line, which must be one of the COMMANDS as a whole. The
// answer is frames: kind (1 byte), length (4 bytes, big-endian), then that many bytes.
// 1 is standard output, 2 standard error, 0 the end: the exit status in digits, 128+n for signal n,
// 124 too long, 125 too much or many, 126 not allowed, 127 not found.
import { MSG_WAITALL, type Socket } from "sockwright";

export const COMMAND_PATH = "/tmp/sockwright-commands.sock";
export const [END, OUTPUT, ERRORS] = [0, 1, 2];
const HEAD_BYTES = 5;
/** For all frames together, so no frame is longer. */
export const MAX_OUTPUT_BYTES = 1_048_576;

export async function sendFrame(to: Socket, kind: number, text: string | Buffer): Promise<void> {
  const data = Buffer.from(text);
  const head = Buffer.of(kind, 0, 0, 0, 0);
  head.writeUInt32BE(data.length, 1);
  await to.sendall(Buffer.concat([head, data]));
}

/** Aborts when the peer has left: a peer that only ended its side still accepts an empty frame. */
export function untilGone(peer: Socket): AbortController {
  const stop = new AbortController();
  const check = () => sendFrame(peer, OUTPUT, "").catch(() => stop.abort(129));
  void peer.recv(1).then(check, check);
  return stop;
}

export async function receiveFrame(from: Socket): Promise<[kind: number, data: Buffer]> {
  const head = await receive(from, HEAD_BYTES);
  return [head.readUInt8(), await receive(from, head.readUInt32BE(1))];
}

async function receive(from: Socket, bytes: number): Promise<Buffer> {
  const isPossible = bytes <= MAX_OUTPUT_BYTES;
  const data = isPossible ? await from.recv(bytes, { flags: MSG_WAITALL }) : Buffer.alloc(0);
  if (isPossible && data.length === bytes) return data;
  throw Object.assign(new Error("the server did not answer to the end"), { code: "BAD_FRAME" });
}
