import type { Socket } from "../socket/internal.ts";
import { type Address, controlSpace, MSG_TRUNC, SO_PASSCRED, SOCK_SEQPACKET, SOL_SOCKET } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { SocketConnection } from "./socket-connection.ts";
import { shutDown } from "./stream-connection.ts";

/**
 * The longest datagram to send: UDP's 65 535 bytes less its header and IPv4's. A longer piece of standard input is sent as
 * several datagrams.
 */
const MAX_DATAGRAM_BYTES = 65_507;
/** The longest record to receive, more than the default send buffer of a Unix socket (net.core.wmem_default) allows; a longer record is cut, which is an error. */
const MAX_RECORD_BYTES = 256 * 1024;
/** struct ucred. */
const CREDENTIAL_SPACE = controlSpace(12);

/** A connected socket that preserves message boundaries. Seqpacket has an end; datagrams have none. */
export class RecordConnection implements SocketConnection {
  readonly hasEnd: boolean;
  readonly #socket: Socket<unknown>;
  readonly #reader: RecordReader;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
    this.#reader = new RecordReader(socket);
    this.hasEnd = socket.type === SOCK_SEQPACKET;
  }

  async receive(): Promise<Uint8Array | undefined> {
    const record = await this.#reader.next();
    if (record?.isCut === true) throw recordWasCut();
    return record?.bytes;
  }

  async send(bytes: Uint8Array): Promise<number> {
    for (const record of records(bytes)) await this.#socket.sendall(record);
    return bytes.length;
  }

  end(): void {
    if (this.hasEnd) shutDown(this.#socket);
  }

  close(): void {
    this.#socket.close();
  }
}

/** Splits data to send into records that fit into a datagram. */
export function* records(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let from = 0; from < bytes.length; from += MAX_DATAGRAM_BYTES) {
    yield bytes.subarray(from, from + MAX_DATAGRAM_BYTES);
  }
}

/** A received record, valid until the next one is requested; of one that is too long, its beginning. */
interface ReceivedRecord {
  readonly bytes: Uint8Array;
  readonly from: Address | undefined;
  readonly isCut: boolean;
}

/** Makes the error for a cut record: data is never lost silently. */
export function recordWasCut(): CommandError {
  return new CommandError(
    `a record of more than ${MAX_RECORD_BYTES} bytes was received: it was cut`,
    exitCodes.network,
  );
}

/** Reads whole records, and distinguishes an empty record from the end. */
export class RecordReader {
  readonly #socket: Socket<unknown>;
  readonly #buffers = [Buffer.allocUnsafeSlow(MAX_RECORD_BYTES)] as const;
  readonly #hasEnd: boolean;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
    this.#hasEnd = socket.type === SOCK_SEQPACKET;
    // unix(7): with SO_PASSCRED a record brings its sender's credentials, be it empty; the end brings none.
    if (this.#hasEnd) socket.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
  }

  async next(): Promise<ReceivedRecord | undefined> {
    const control = this.#hasEnd ? { control: CREDENTIAL_SPACE } : undefined;
    const message = await this.#socket.recvmsg_into(this.#buffers, control);
    if (this.#hasEnd && message.bytes === 0 && message.control.length === 0) return undefined;
    const isCut = (message.flags & MSG_TRUNC) !== 0;
    return { bytes: this.#buffers[0].subarray(0, message.bytes), from: message.address, isCut };
  }
}
