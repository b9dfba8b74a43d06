// Random operations on many connections of layer 2 that share memory for writing and receiving: each byte arrives
// once, in order, at its own peer. SOCKWRIGHT_MODEL_RUNS and SOCKWRIGHT_MODEL_SEED as in pairs.test.ts.
import { closeSync, openSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lines } from "../../src/codec.ts";
import {
  AF_INET,
  AF_UNIX,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from "../../src/index.ts";
import { Connection } from "../../src/server/connection/connection.ts";
import { GATHERED_BYTES, WriteBuffer } from "../../src/server/connection/write-buffer.ts";
import { NativeLink } from "../../src/server/transport/native-link.ts";
import { SocketDescriptor } from "../../src/socket/socket-descriptor.ts";
import { often } from "../support/soak.ts";

const runs = Number(process.env["SOCKWRIGHT_MODEL_RUNS"] ?? often(60, 3_000));
const firstSeed = Number(process.env["SOCKWRIGHT_MODEL_SEED"] ?? Date.now() % 2 ** 31);
console.info(`model of crowds: SOCKWRIGHT_MODEL_SEED=${firstSeed} SOCKWRIGHT_MODEL_RUNS=${runs}`);

const CONNECTIONS = 7;
const STEPS = 60;
const FILE_BYTES = 700_000;
/** More turns than the last bytes of a trial can need. */
const MAX_TURNS = 200_000;

/** Random numbers from a seed: mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface Source {
  readonly content: Buffer;
  readonly path: string;
  readonly handle: Awaited<ReturnType<typeof open>>;
  readonly descriptor: number;
}

let folder = "";
let source: Source;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sockwright-"));
  const path = join(folder, "content");
  const content = Buffer.alloc(FILE_BYTES);
  const random = randomOf(7);
  for (let at = 0; at < FILE_BYTES; at += 4) content.writeUInt32LE(random(2 ** 32), at);
  await writeFile(path, content);
  source = { content, path, handle: await open(path), descriptor: openSync(path, "r") };
});

afterAll(async () => {
  await source.handle.close();
  closeSync(source.descriptor);
  await rm(folder, { recursive: true });
});

/** One connection, its peer, and the bytes that each should receive. */
class Member {
  readonly connection: Connection;
  readonly far: Socket;
  readonly #frames;
  readonly #trial: Trial;
  readonly expected: Buffer[] = [];
  readonly got: Buffer[] = [];
  readonly sent: Buffer[] = [];
  readonly received: Buffer[] = [];
  isEnded = false;
  isCut = false;
  isFarOver = false;
  resume: (() => void) | undefined;

  constructor(near: Socket, far: Socket, trial: Trial) {
    const endpoint = SocketDescriptor.endpointOf(near);
    endpoint.handOver();
    this.connection = new Connection(new NativeLink(endpoint.slot, endpoint.generation, endpoint, { path: "" }));
    this.far = far;
    this.#trial = trial;
    this.#frames = this.connection.frames(lines());
    this.connection.signal.addEventListener("abort", () => {
      this.isCut = true;
      trial.nested();
    });
    const pushed = this.connection.onBytes((bytes, push) => {
      this.received.push(Buffer.from(bytes));
      if (trial.random(4) === 0) {
        push.pause();
        this.resume = () => push.resume();
      }
      trial.nested();
    });
    pushed.catch(() => undefined);
  }

  get isOpen(): boolean {
    return !this.isEnded && !this.isCut;
  }

  write(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.expected.push(Buffer.from(bytes));
    this.connection.write(bytes);
  }

  writeLent(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.expected.push(bytes);
    this.connection.writeLent(bytes);
  }

  writeLine(length: number): void {
    if (!this.isOpen) return;
    const line = String.fromCharCode(97 + this.#trial.random(26)).repeat(length);
    this.expected.push(Buffer.from(`${line}\n`));
    this.#frames.write(line);
  }

  sendFile(given: Source["path" | "handle" | "descriptor"], offset: number, length: number, head: Buffer): void {
    if (!this.isOpen) return;
    this.expected.push(Buffer.from(head), source.content.subarray(offset, offset + length));
    this.#trial.await(this.connection.sendFile(given, { offset, length, head }));
  }

  end(how: "end" | "close" | "abort"): void {
    if (!this.isOpen) return;
    this.isEnded = true;
    this.isCut ||= how === "abort";
    if (how === "abort") this.connection.abort();
    else this.#trial.await(this.connection[how]());
  }

  /** The maximum number of bytes that the peer reads. */
  farReads(count: number): void {
    if (this.isFarOver) return;
    const room = Buffer.alloc(count);
    try {
      const received = this.far.tryRecv(room);
      if (typeof received !== "number") return;
      if (received === 0) this.isFarOver = true;
      else this.got.push(room.subarray(0, received));
    } catch {
      this.isFarOver = true;
      this.isCut = true;
    }
  }

  farSends(bytes: Buffer): void {
    if (this.isFarOver) return;
    try {
      const taken = this.far.trySend(bytes);
      if (typeof taken === "number") this.sent.push(Buffer.from(bytes.subarray(0, taken)));
    } catch {
      this.isCut = true;
    }
  }

  farCloses(): void {
    if (this.isFarOver) return;
    this.isFarOver = true;
    this.isCut = true;
    this.far.close();
  }

  /** The first difference, if there is one. */
  fault(): string | undefined {
    const [expected, got] = [Buffer.concat(this.expected), Buffer.concat(this.got)];
    if (!expected.subarray(0, got.length).equals(got)) return "the peer has got other bytes than were written";
    if (!this.isCut && got.length < expected.length)
      return `the peer has got ${got.length} of ${expected.length} bytes`;
    const [sent, received] = [Buffer.concat(this.sent), Buffer.concat(this.received)];
    if (!sent.subarray(0, received.length).equals(received)) return "other bytes have come than were sent";
    return undefined;
  }
}

class Trial {
  readonly random: (below: number) => number;
  readonly members: Member[] = [];
  readonly promises: Promise<unknown>[] = [];
  #depth = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  async run(): Promise<string | undefined> {
    const isTcp = this.random(2) === 0;
    for (let index = 0; index < CONNECTIONS; index++) this.members.push(await this.#member(isTcp));
    for (let step = 0; step < STEPS; step++) {
      for (let count = this.random(14); count >= 0; count--) this.act();
      if (this.random(3) > 0) await nextTurn();
    }
    for (const { resume } of this.members) resume?.();
    for (const member of this.members) member.end("end");
    for (let turn = 0; turn < MAX_TURNS && this.members.some(({ isFarOver }) => !isFarOver); turn++) {
      for (const member of this.members) {
        member.resume?.();
        member.farReads(200_000);
      }
      await nextTurn();
    }
    for (const member of this.members) {
      member.far.close();
      member.connection.abort();
    }
    await Promise.allSettled(this.promises);
    await nextTurn();
    for (const member of this.members) {
      const fault = member.fault();
      if (fault !== undefined) return fault;
    }
    return sharedMemoryIsFree() ? undefined : "somebody holds the shared memory";
  }

  /** Runs an operation inside an event of a connection. */
  nested(): void {
    if (this.#depth > 2 || this.random(3) > 0) return;
    this.#depth++;
    this.act();
    this.#depth--;
  }

  /** Waits for something that must settle before the trial ends. */
  await(promise: Promise<unknown>): void {
    this.promises.push(promise.catch(() => undefined));
  }

  act(): void {
    const { random } = this;
    const member = this.#any();
    const kind = random(100);
    if (kind < 20) this.#write(member, 1 + random(300));
    else if (kind < 30) this.#write(member, 1 + random(6_000));
    else if (kind < 34) this.#write(member, 1 + random(120_000));
    else if (kind < 50) this.#broadcast();
    else if (kind < 58) member.writeLine(random(2_000));
    else if (kind < 61) member.writeLent(this.#bytes(1 + random(30_000)));
    else if (kind < 66) this.#sendFile(member);
    else if (kind < 80) member.farReads(1 + random(30_000));
    else if (kind < 90) member.farSends(this.#bytes(1 + random(random(3) === 0 ? 20_000 : 100)));
    else if (kind < 94) member.resume?.();
    else if (kind < 97) this.await(this.#flushed(member));
    else if (random(4) === 0) this.#finish(member, random(4));
  }

  #finish(member: Member, how: number): void {
    // Several connections at once: the first learns of its loss while the kernel has reported that of another, which has not been told yet.
    if (how === 0) for (const each of this.random(2) === 0 ? this.members.slice(2) : [member]) each.farCloses();
    else member.end((["end", "close", "abort"] as const)[how - 1] ?? "end");
  }

  async #flushed(member: Member): Promise<void> {
    await member.connection.flushed();
    this.nested();
  }

  #write(member: Member, length: number): void {
    const bytes = this.#bytes(length);
    member.write(bytes);
    bytes.fill(0);
  }

  #broadcast(): void {
    const bytes = this.#bytes(1 + this.random(this.random(4) === 0 ? 20_000 : 2_000));
    for (const member of this.members) {
      if (this.random(4) === 0) continue;
      member.write(bytes);
      if (this.random(8) === 0) bytes[this.random(bytes.length)] = this.random(256);
      if (this.random(10) === 0) this.#write(this.#any(), 1 + this.random(20));
    }
    bytes.fill(0);
  }

  #sendFile(member: Member): void {
    const given = [source.path, source.handle, source.descriptor][this.random(3)] ?? source.path;
    const offset = this.random(FILE_BYTES);
    const length = this.random(this.random(3) === 0 ? FILE_BYTES : 9_000);
    member.sendFile(given, offset, length, this.#bytes(this.random(400)));
  }

  #bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length, this.random(256));
    for (let at = 0; at < length; at += 1 + this.random(60)) bytes[at] = this.random(256);
    return bytes;
  }

  #any(): Member {
    return this.members[this.random(this.members.length)] ?? expect.unreachable("there are some");
  }

  async #member(isTcp: boolean): Promise<Member> {
    const [near, far] = isTcp ? await openTcpPair() : (socketpair(AF_UNIX, SOCK_STREAM) as [Socket, Socket]);
    // With TCP, such small buffers would wait for timers of the kernel.
    if (!isTcp && this.random(2) === 0) {
      near.setsockopt(SOL_SOCKET, SO_SNDBUF, 4_608);
      far.setsockopt(SOL_SOCKET, SO_RCVBUF, 4_608);
    }
    return new Member(near, far, this);
  }
}

async function openTcpPair(): Promise<[Socket, Socket]> {
  const listener = socket(AF_INET, SOCK_STREAM);
  listener.bind({ host: "127.0.0.1", port: 0 });
  listener.listen();
  const far = socket(AF_INET, SOCK_STREAM);
  const address = listener.getsockname();
  const [accepted] = await Promise.all([listener.accept(), far.connect(address)]);
  listener.close();
  return [accepted[0], far];
}

/** Whether the next write goes to the beginning of the memory. */
function sharedMemoryIsFree(): boolean {
  const buffer = WriteBuffer.take(false);
  const sends = new Int32Array(4);
  buffer.add(Buffer.alloc(GATHERED_BYTES / 2));
  const isStaged = buffer.stage({ slot: 0, generation: 0 } as never, sends, 0);
  buffer.clear();
  return isStaged && sends[2] === 0;
}

test("each byte arrives once, in order, at its own peer", { timeout: 60_000 + runs * 2_000 }, async () => {
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    expect([seed, await new Trial(seed).run()]).toEqual([seed, undefined]);
  }
});
