// Sockets below layer 1, on any kernel, and the results of their calls.
import { onTestFinished } from "vitest";
import { generationOf, type Handle, slotOf } from "../../src/native/kernel.ts";
import { kernel } from "../../src/native/load.ts";
import { encodeNumericAddress } from "../../src/socket/address.ts";
import { AF_INET, AF_UNIX, MSG_TRUNC, SO_LINGER, SOCK_STREAM, SOL_SOCKET } from "../../src/socket/constants.ts";
import { turnLoop } from "../behaviour/poller/turns.ts";

const EVERYTHING = 0x1f;
let names = 0;

/** A socket whose calls are recorded with their results. */
class Subject {
  readonly #slot: number;
  readonly #generation: number;
  readonly #log: string[];

  constructor(handle: Handle, log: string[]) {
    this.#slot = slotOf(handle);
    this.#generation = generationOf(handle);
    this.#log = log;
  }

  send(data: string): void {
    const bytes = Buffer.from(data);
    this.#note("send", kernel.send(this.#slot, this.#generation, bytes, 0, bytes.length, 0));
  }

  sendto(data: string, address: Uint8Array): void {
    const bytes = Buffer.from(data);
    this.#note("sendto", kernel.sendto(this.#slot, this.#generation, bytes, 0, bytes.length, 0, address));
  }

  sendmsg(...pieces: string[]): void {
    this.#note(
      "sendmsg",
      kernel.sendmsg(
        this.#slot,
        this.#generation,
        pieces.map((piece) => Buffer.from(piece)),
        0,
      ),
    );
  }

  recv(count: number, flags = 0): void {
    const room = Buffer.alloc(count);
    const result = kernel.recv(this.#slot, this.#generation, room, 0, count, flags);
    this.#note("recv", result, String(room.subarray(0, Math.max(0, result))));
  }

  recvmsg(...counts: number[]): void {
    const rooms = counts.map((count) => Buffer.alloc(count));
    const results = Buffer.alloc(4 + 128 + 8);
    const result = kernel.recvmsg(this.#slot, this.#generation, rooms, 0, results);
    this.#note("recvmsg", result, rooms.map(String), result < 0 ? 0 : results.readInt32LE(132) & MSG_TRUNC);
  }

  bind(address: Uint8Array): void {
    this.#note("bind", kernel.bind(this.#slot, this.#generation, address));
  }

  listen(backlog: number): void {
    this.#note("listen", kernel.listen(this.#slot, this.#generation, backlog));
  }

  async connect(address: Uint8Array): Promise<void> {
    this.#note("connect", kernel.connect(this.#slot, this.#generation, address));
    await turnLoop();
    this.poll();
  }

  accept(): Subject {
    const handle = kernel.accept(this.#slot, this.#generation, Buffer.alloc(132));
    this.#note("accept", Math.min(0, handle));
    const accepted = new Subject(handle, this.#log);
    if (handle >= 0) onTestFinished(() => accepted.close());
    return accepted;
  }

  shutdown(how: number): void {
    this.#note("shutdown", kernel.shutdown(this.#slot, this.#generation, how));
  }

  option(option: number): void {
    const room = Buffer.alloc(4);
    this.#note(
      "getsockopt",
      kernel.getsockopt(this.#slot, this.#generation, SOL_SOCKET, option, room),
      room.readInt32LE(),
    );
  }

  resetAtClose(): void {
    const linger = new Uint8Array(new Int32Array([1, 0]).buffer);
    this.#note("linger", kernel.setsockopt(this.#slot, this.#generation, SOL_SOCKET, SO_LINGER, linger));
  }

  /** The socket's own name, for others to connect to; it is not recorded, because ports differ. */
  get name(): Uint8Array {
    const room = Buffer.alloc(132);
    kernel.getsockname(this.#slot, this.#generation, room);
    return new Uint8Array(room.subarray(4, 4 + room.readInt32LE()));
  }

  getsockname(): void {
    const room = Buffer.alloc(132);
    this.#note("getsockname", kernel.getsockname(this.#slot, this.#generation, room), room.readInt32LE(), room[4]);
  }

  getpeername(): void {
    const room = Buffer.alloc(132);
    const result = kernel.getpeername(this.#slot, this.#generation, room);
    this.#note("getpeername", result, result < 0 ? 0 : room.readInt32LE());
  }

  poll(): void {
    this.#note("poll", kernel.poll(this.#slot, this.#generation, EVERYTHING));
  }

  dup(): Subject {
    const copy = new Subject(kernel.dup(this.#slot, this.#generation), this.#log);
    onTestFinished(() => copy.close());
    return copy;
  }

  close(): void {
    this.#note("close", kernel.close(this.#slot, this.#generation));
  }

  #note(call: string, ...results: unknown[]): void {
    this.#log.push([call, ...results.map((result) => JSON.stringify(result))].join(" "));
  }
}

/** Sockets that are closed at the end of the test, and the records of all. */
export class World {
  readonly log: string[] = [];

  socket(family: number, type: number): Subject {
    return this.#keep(kernel.socket(family, type, 0));
  }

  pair(type: number): [Subject, Subject] {
    const handles = new Float64Array(2);
    kernel.socketpair(AF_UNIX, type, 0, handles);
    return [this.#keep(handles[0] ?? 0), this.#keep(handles[1] ?? 0)];
  }

  /** A TCP listener, and both ends of a connection. */
  async connection(): Promise<[client: Subject, server: Subject, listener: Subject]> {
    const listener = this.socket(AF_INET, SOCK_STREAM);
    listener.bind(loopback());
    listener.listen(8);
    const client = this.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.name);
    return [client, listener.accept(), listener];
  }

  #keep(handle: Handle): Subject {
    const subject = new Subject(handle, this.log);
    onTestFinished(() => subject.close());
    return subject;
  }
}

export function loopback(port = 0): Uint8Array {
  return encodeNumericAddress(AF_INET, { host: "127.0.0.1", port }).sockaddr;
}

export function abstract(): Uint8Array {
  return encodeNumericAddress(AF_UNIX, { abstract: `like-linux-${process.pid}-${names++}` }).sockaddr;
}
