// The results that the calls of one direction may have: what was sent, in order, and nothing else.
import { SOCK_DGRAM } from "../../src/index.ts";
import type { End, Receiving, Sending } from "./end.ts";

/** Describes what is wrong with what `to` received from `from`; undefined when it is right. */
export function fault(from: End, to: End, mayLackBuffers: boolean): string | undefined {
  const sends = from.sends.map((sending, index) => ({ sending, where: `${index}: ${sending.kind}` }));
  for (const { sending, where } of sends) {
    const wrong = wrongSending(sending, from, to, mayLackBuffers);
    if (wrong !== undefined) return `send ${where} ${wrong}`;
  }
  const stream = from.isStream ? new ByteReference(from.sends) : new RecordReference(from.sends);
  for (const [index, receiving] of to.receives.entries()) {
    const wrong = wrongError(receiving, from, to) ?? stream.wrong(receiving);
    if (wrong !== undefined) return `receive ${index}: ${receiving.kind} of ${receiving.room} ${wrong}`;
  }
  if (!to.isClosed && !to.isRefused && !stream.isOver) return "something that was sent did not arrive";
  return undefined;
}

function wrongSending(sending: Sending, from: End, to: End, mayLackBuffers: boolean): string | undefined {
  const { kind, bytes, result, error, isSettled } = sending;
  if (!isSettled) return "never ended";
  if (error === undefined) {
    if (result === "blocked") return kind === "trySend" ? undefined : "waited without waiting";
    if (result === undefined || result < 1 || result > bytes.length) return `sent ${result} of ${bytes.length}`;
    return !from.isStream && result !== bytes.length ? "cut a record" : undefined;
  }
  const { code } = error;
  if (code === "ERR_SOCKWRIGHT_CLOSED") return from.isClosed ? undefined : "was told of a close";
  if (code === "ABORT_ERR") return sending.isAborted ? undefined : "was aborted";
  if (code === "EAGAIN") return kind.endsWith("Now") ? undefined : "was told EAGAIN";
  if (code === "EPIPE" || code === "ECONNRESET") return from.isShut || to.isClosed ? undefined : `was told ${code}`;
  if (code === "ERR_SOCKWRIGHT_PARTIAL_SEND") return wasCut(sending, from) ? undefined : "was told of a cut";
  if (code === "ECONNREFUSED" || code === "ENOTCONN")
    return to.isClosed && !from.isStream ? undefined : `was told ${code}`;
  if (code === "ENOBUFS" && mayLackBuffers) return undefined;
  return `failed: ${String(error)}`;
}

function wasCut(sending: Sending, from: End): boolean {
  return from.sends.slice(0, from.sends.indexOf(sending)).some(({ error }) => Number(error?.bytesSent) > 0);
}

function wrongError(receiving: Receiving, from: End, to: End): string | undefined {
  const { kind, error, isSettled, result } = receiving;
  if (!isSettled) return "never ended";
  if (error === undefined) return result === "blocked" && kind !== "tryRecv" ? "waited without waiting" : undefined;
  const { code } = error;
  if (code === "ERR_SOCKWRIGHT_CLOSED") return to.isClosed ? undefined : "was told of a close";
  if (code === "ABORT_ERR") return receiving.isAborted ? undefined : "was aborted";
  if (code === "EAGAIN") return kind === "recvNow" ? undefined : "was told EAGAIN";
  if (code === "ECONNRESET") return from.isClosed && to.socket.type !== SOCK_DGRAM ? undefined : "was told ECONNRESET";
  return `failed: ${String(error)}`;
}

/** The number of bytes that a send reports as sent. */
function taken({ result, error }: Sending): number {
  if (typeof result === "number") return result;
  return Number(error?.bytesSent ?? 0);
}

/** A stream: bytes in order, in pieces of any length. */
class ByteReference {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(sends: readonly Sending[]) {
    this.#bytes = Buffer.concat(sends.map((sending) => sending.bytes.subarray(0, taken(sending))));
  }

  get isOver(): boolean {
    return this.#position === this.#bytes.length;
  }

  wrong({ kind, room, result, error }: Receiving): string | undefined {
    const got = error?.received instanceof Uint8Array ? Buffer.from(error.received) : result;
    if (got === undefined || got === "blocked") return undefined;
    if (got.length > room) return `gave ${got.length}`;
    const expected = this.#bytes.subarray(this.#position, this.#position + got.length);
    if (!expected.equals(got)) return `gave other bytes at ${this.#position}`;
    if (kind !== "peek") this.#position += got.length;
    if (error !== undefined) return undefined;
    const isWhole = kind === "recvAll" || kind === "abortedRecvAll" ? got.length === room : got.length > 0;
    return isWhole || this.isOver ? undefined : `gave ${got.length} before the end`;
  }
}

/** Records: whole and in order; the end of a record that exceeds the buffer is lost. */
class RecordReference {
  readonly #records: Buffer[];

  constructor(sends: readonly Sending[]) {
    this.#records = sends.filter(({ result }) => typeof result === "number").map(({ bytes }) => bytes);
  }

  get isOver(): boolean {
    return this.#records.length === 0;
  }

  wrong({ kind, room, result }: Receiving): string | undefined {
    if (result === undefined || result === "blocked") return undefined;
    // A trial sends no empty record: an empty one is the end.
    if (result.length === 0) return this.isOver ? undefined : "gave the end before the last record";
    const [next] = this.#records;
    if (next === undefined) return "gave a record that nobody sent";
    if (!next.subarray(0, room).equals(result)) return "gave another record";
    if (kind !== "peek") this.#records.shift();
    return undefined;
  }
}
