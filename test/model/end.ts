// One end of a pair, and the record of the operations on it.
import {
  type Datagram,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_WR,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Socket,
  WOULD_BLOCK,
} from "../../src/index.ts";
import type { Operation, ReceiveKind, SendKind } from "./operation.ts";

/** A call: its arguments and its result. */
interface Deed {
  isSettled: boolean;
  error?: { readonly code?: unknown; readonly bytesSent?: unknown; readonly received?: unknown };
  isAborted: boolean;
}

export interface Sending extends Deed {
  readonly kind: SendKind;
  readonly bytes: Buffer;
  /** The number of bytes that the call reports as sent; "blocked" for WOULD_BLOCK. */
  result?: number | "blocked";
}

export interface Receiving extends Deed {
  readonly kind: ReceiveKind | "drain";
  readonly room: number;
  result?: Buffer | "blocked";
}

export class End {
  readonly socket: Socket<Buffer | Datagram>;
  readonly sends: Sending[] = [];
  readonly receives: Receiving[] = [];
  readonly others: Deed[] = [];
  readonly #waiting: Promise<unknown>[] = [];
  readonly #aborts: AbortController[] = [];
  readonly #scale: number;
  isShut = false;
  isClosed = false;
  #position = 0;

  constructor(socket: Socket<Buffer | Datagram>, scale: number) {
    this.socket = socket;
    this.#scale = scale;
  }

  get isStream(): boolean {
    return this.socket.type === SOCK_STREAM;
  }

  /** A datagram found no peer: Linux then drops what that peer had sent, unix_dgram_disconnected(). */
  get isRefused(): boolean {
    return this.sends.some(({ error }) => error?.code === "ECONNREFUSED");
  }

  /** Aborts the signals of calls that began before this turn. */
  fireAborts(): void {
    for (const controller of this.#aborts.splice(0)) controller.abort();
  }

  do({ kind, size }: Operation): unknown {
    const { socket } = this;
    const room = size * this.#scale;
    switch (kind) {
      case "send":
        return this.#send(kind, size, (bytes) => socket.send(bytes));
      case "sendall":
        return this.#send(kind, size, (bytes) => socket.sendall(bytes).then(() => bytes.length));
      case "abortedSendall":
        return this.#send(kind, size, (bytes) => socket.sendall(bytes, this.#signal()).then(() => bytes.length));
      case "sendmsg":
        return this.#send(kind, size, (bytes) => {
          const middle = bytes.length >> 1;
          return socket.sendmsg([bytes.subarray(0, middle), bytes.subarray(middle)]);
        });
      case "trySend":
        return this.#sendAtOnce(size);
      case "sendNow":
        return this.#send(kind, size, (bytes) => this.#withoutWaiting(() => socket.send(bytes)));
      case "sendallNow":
        return this.#send(kind, size, (bytes) =>
          this.#withoutWaiting(() => socket.sendall(bytes)).then(() => bytes.length),
        );
      case "recv":
        return this.#receive(kind, room, () => socket.recv(room));
      case "abortedRecv":
        return this.#receive(kind, room, () => socket.recv(room, this.#signal()));
      case "recvAll":
        return this.#receive(kind, room, () => socket.recv(room, { flags: this.isStream ? MSG_WAITALL : 0 }));
      case "abortedRecvAll":
        return this.#receive(kind, room, () =>
          socket.recv(room, { flags: this.isStream ? MSG_WAITALL : 0, ...this.#signal() }),
        );
      case "recvNow":
        return this.#receive(kind, room, () => this.#withoutWaiting(() => socket.recv(room)));
      case "recvInto":
        return this.#receive(kind, room, async () => {
          const memory = Buffer.alloc(room);
          return memory.subarray(0, await socket.recv_into(memory));
        });
      case "recvfrom":
        return this.#receive(kind, room, () => socket.recvfrom(room).then(([data]) => data));
      case "recvmsg":
        return this.#receive(kind, room, () => socket.recvmsg(room).then(({ data }) => data));
      case "peek":
        return this.#receive(kind, room, () => socket.recv(room, { flags: MSG_PEEK }));
      case "tryRecv":
        return this.#receiveAtOnce(room);
      case "readable":
      case "writable":
        return this.#wait(
          this.others,
          { isSettled: false, isAborted: false },
          () => socket[kind](),
          () => undefined,
        );
      case "shutdown":
        return this.shutdown();
      case "close":
        return this.close();
      case "turns":
        return;
    }
  }

  /** Reads until the end, after all calls that wait already. */
  async drain(): Promise<void> {
    const room = 64 * this.#scale;
    for (;;) {
      this.#receive("drain", room, () => this.socket.recv(room));
      await this.#waiting.at(-1);
      const last = this.receives.at(-1);
      if (last?.error !== undefined || (!this.#mayBeEmpty && last?.result?.length === 0)) return;
    }
  }

  get #mayBeEmpty(): boolean {
    return !this.isStream && this.socket.type !== SOCK_SEQPACKET;
  }

  shutdown(): void {
    if (this.isClosed || this.isShut) return;
    this.isShut = true;
    this.socket.shutdown(SHUT_WR);
  }

  close(): void {
    this.isClosed = true;
    this.socket.close();
  }

  async sent(): Promise<void> {
    while (this.sends.some(({ isSettled }) => !isSettled)) await new Promise(setImmediate);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#waiting);
  }

  #signal(): { signal: AbortSignal } {
    const controller = new AbortController();
    this.#aborts.push(controller);
    return { signal: controller.signal };
  }

  async #withoutWaiting<T>(call: () => Promise<T>): Promise<T> {
    if (this.isClosed) return call();
    this.socket.setblocking(false);
    const promise = call();
    this.socket.setblocking(true);
    return promise;
  }

  #bytes(size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size * this.#scale);
    // Neighbouring bytes differ, and so do all bytes less than 65 521 apart.
    for (let at = 0; at < bytes.length; at++) bytes[at] = ((this.#position++ % 65_521) * 31) >> 3;
    return bytes;
  }

  #send(kind: SendKind, size: number, call: (bytes: Buffer) => Promise<number>): void {
    const sending: Sending = {
      kind,
      bytes: this.#bytes(size),
      isSettled: false,
      isAborted: kind.startsWith("aborted"),
    };
    this.#wait(
      this.sends,
      sending,
      () => call(sending.bytes),
      (result) => {
        sending.result = result;
      },
    );
  }

  #sendAtOnce(size: number): void {
    const sending: Sending = { kind: "trySend", bytes: this.#bytes(size), isSettled: false, isAborted: false };
    this.#now(this.sends, sending, () => {
      const result = this.socket.trySend(sending.bytes);
      sending.result = result === WOULD_BLOCK ? "blocked" : result;
    });
  }

  #receive(kind: Receiving["kind"], room: number, call: () => Promise<Buffer>): void {
    const receiving: Receiving = { kind, room, isSettled: false, isAborted: kind.startsWith("aborted") };
    this.#wait(this.receives, receiving, call, (result) => {
      receiving.result = result;
    });
  }

  #receiveAtOnce(room: number): void {
    const receiving: Receiving = { kind: "tryRecv", room, isSettled: false, isAborted: false };
    this.#now(this.receives, receiving, () => {
      const memory = Buffer.alloc(room);
      const count = this.socket.tryRecv(memory);
      receiving.result = count === WOULD_BLOCK ? "blocked" : memory.subarray(0, count);
    });
  }

  #now<D extends Deed>(list: D[], deed: D, call: () => void): void {
    list.push(deed);
    try {
      call();
    } catch (error) {
      deed.error = error as NonNullable<Deed["error"]>;
    }
    deed.isSettled = true;
  }

  #wait<D extends Deed, T>(list: D[], deed: D, call: () => Promise<T>, take: (result: T) => void): void {
    list.push(deed);
    const settled = call().then(take, (error: NonNullable<Deed["error"]>) => {
      deed.error = error;
    });
    this.#waiting.push(
      settled.then(() => {
        deed.isSettled = true;
      }),
    );
  }
}
