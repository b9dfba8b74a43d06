import type { Codec } from "../../codec/codec.ts";
import { atEndOfTurn, type TurnEnder } from "../../native/turn.ts";
import type { Data } from "../../socket/argument.ts";
import { bytesOf } from "../../socket/argument.ts";
import { DeadlineError } from "../limits/deadline-error.ts";
import { Deadline, type DeadlineWheel } from "../limits/deadline-wheel.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Link } from "../transport/transport.ts";
import type { Aborter } from "./input.ts";
import { WriteBuffer } from "./write-buffer.ts";

const NOTHING = Promise.resolve();

/** What is closed while too much waits to be sent: whoever only writes answers would write more of them. */
export interface Gate {
  hold(): void;
  release(): void;
}

/** Whom the output tells that a send has failed. */
export interface OutputOwner extends Aborter {
  /** Why the connection was lost, if it was. */
  readonly failure: Error | undefined;
  failed(error: Error): void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * - `open`: what is written is sent.
 * - `ending`: what waits is sent, and the end after it.
 * - `ended`: the end was sent.
 * - `lost`: the connection failed.
 */
type Phase = "open" | "ending" | "ended" | "lost";

/** The side of a connection that writes: what was written in a turn leaves together, and what has no room waits. */
export class Output implements TurnEnder {
  readonly #link: Link;
  readonly #owner: OutputOwner;
  readonly #gate: Gate;
  /** Only while something waits: an idle connection has none. */
  #buffer: WriteBuffer | undefined;
  #phase: Phase = "open";
  #drainers: Waiter[] | undefined;
  /** Once the end is wanted and cannot be sent yet. */
  #ending: Ending | undefined;
  /** At the end of the turn it will be sent. */
  #isDue = false;
  /** The link has no room. */
  #isBlocked = false;
  /** Between the two marks, on the way down. */
  #isFull = false;
  #bytesAdded = 0;
  #writesDropped = 0;

  constructor(link: Link, owner: OutputOwner, gate: Gate) {
    this.#link = link;
    this.#owner = owner;
    this.#gate = gate;
  }

  /** Each write is a record. */
  get isRecords(): boolean {
    return this.#link.isRecords;
  }

  /** What the link has taken. */
  get bytesWritten(): number {
    return this.#bytesAdded - this.bytesWaiting;
  }

  /** The link has all of it, and the end. */
  get hasEnded(): boolean {
    return this.#phase === "ended";
  }

  /** What waits to be sent. */
  get bytesWaiting(): number {
    return this.#buffer?.bytes ?? 0;
  }

  /** Writes for which there was no room, where such are dropped. */
  get writesDropped(): number {
    return this.#writesDropped;
  }

  /** So much can be written now. */
  get roomBytes(): number {
    return Math.max(0, this.#owner.flow.maxWriteBufferBytes - this.#loadBytes);
  }

  write(data: Data): boolean {
    if (this.#phase !== "open") {
      if (this.#phase === "lost") return false;
      throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
    }
    const bytes = bytesOf("data", data);
    const { highWaterBytes, maxWriteBufferBytes } = this.#owner.flow;
    if (bytes.length > 0 || this.#link.isRecords) {
      if (this.#loadBytes + bytes.length > maxWriteBufferBytes && !this.#makesRoom(bytes.length)) return this.#refuse();
      this.#buffer ??= new WriteBuffer(this.#link.isRecords);
      this.#buffer.add(bytes);
      this.#added(bytes.length);
    }
    return this.#isBelow(highWaterBytes);
  }

  /** A frame, which its codec puts where it is sent from, if it can. */
  writeFrame<Out>(codec: Codec<unknown, Out>, frame: Out): boolean {
    if (this.#phase === "open") {
      const { highWaterBytes, maxWriteBufferBytes } = this.#owner.flow;
      const buffer = this.#buffer ?? new WriteBuffer(this.#link.isRecords);
      const bytes = buffer.addFrame(codec, frame, maxWriteBufferBytes);
      if (bytes !== undefined) {
        this.#buffer = buffer;
        this.#added(bytes);
        return this.#isBelow(highWaterBytes);
      }
    }
    return this.write(codec.encode(frame));
  }

  drained(): Promise<void> {
    if (this.#owner.failure !== undefined) return Promise.reject(this.#owner.failure);
    if (!this.#isFull) return NOTHING;
    return new Promise((resolve, reject) => {
      this.#drainers ??= [];
      this.#drainers.push({ resolve, reject });
    });
  }

  /** Settles when the link has all of it, and the end. */
  end(): Promise<void> {
    if (this.#owner.failure !== undefined) return Promise.reject(this.#owner.failure);
    if (this.#phase === "ended") return NOTHING;
    return new Promise((resolve, reject) => {
      this.#ending ??= new Ending();
      this.#ending.waiters.push({ resolve, reject });
      if (this.#phase !== "open") return;
      this.#phase = "ending";
      this.#flush();
      if (this.#buffer !== undefined) this.#awaitDrain();
    });
  }

  writable(): void {
    this.#isBlocked = false;
    this.#flush();
  }

  endTurn(): void {
    this.#isDue = false;
    this.#flush();
  }

  lost(error: Error): void {
    this.#phase = "lost";
    this.#bytesAdded -= this.bytesWaiting;
    this.#buffer?.clear();
    this.#buffer = undefined;
    for (const { reject } of [...this.#takeDrainers(), ...this.#takeEnders()]) reject(error);
  }

  get #loadBytes(): number {
    return this.#buffer?.loadBytes ?? 0;
  }

  #flush(): void {
    if (this.#isBlocked || this.#phase === "lost" || !this.#send()) return;
    if (this.#isFull && this.#loadBytes < this.#owner.flow.lowWaterBytes) this.#relieve();
    if (this.#phase === "ended") for (const { resolve } of this.#takeEnders()) resolve();
  }

  /** Gives the link what it takes; whether the connection lives on. */
  #send(): boolean {
    const before = this.#loadBytes;
    try {
      this.#buffer?.flush(this.#link);
      if (this.#buffer?.isEmpty === true) this.#buffer = undefined;
      if (this.#buffer !== undefined) {
        this.#isBlocked = true;
        this.#link.awaitRoom();
        if (this.#phase === "ending" && this.#loadBytes < before) this.#awaitDrain();
      } else if (this.#phase === "ending") {
        this.#phase = "ended";
        this.#link.end();
      }
    } catch (error) {
      this.#owner.failed(errorOf(error));
      return false;
    }
    return true;
  }

  /** What the link takes at once needs no room: whether it is enough. Nobody is told of it within a write. */
  #makesRoom(bytes: number): boolean {
    return !this.#isBlocked && this.#send() && this.#loadBytes + bytes <= this.#owner.flow.maxWriteBufferBytes;
  }

  /** There is no room for a write, and nothing of it is taken. */
  #refuse(): boolean {
    if (this.#owner.failure !== undefined) return false;
    const { flow } = this.#owner;
    flow.writeBufferFull(this.#link.peer);
    if (flow.whenWriteBufferFull === "close") {
      this.#owner.abort(new ConnectionError("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL"));
      return false;
    }
    // Who waits for room after it waits for the peer, and not in vain.
    if (this.#buffer?.isEmpty === false) this.#fill();
    if (flow.whenWriteBufferFull === "throw") throw new ConnectionError("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL");
    this.#writesDropped++;
    return false;
  }

  /** So many bytes are in the write buffer now: they leave at the end of the turn. */
  #added(bytes: number): void {
    this.#bytesAdded += bytes;
    if (this.#isDue || this.#isBlocked) return;
    this.#isDue = true;
    atEndOfTurn(this);
  }

  /** Whether less than so much waits; if not, who wants to write more is held back. */
  #isBelow(highWaterBytes: number): boolean {
    if (this.#loadBytes < highWaterBytes) return true;
    this.#fill();
    return false;
  }

  #fill(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#gate.hold();
  }

  /** The peer has this long to take anything at all: what it takes has this called again. */
  #awaitDrain(): void {
    const { flow } = this.#owner;
    this.#ending?.await(flow.wheel, flow.drainTimeoutMs, () => {
      flow.expired("drain", this.#link.peer);
      this.#owner.abort(new DeadlineError("drain"));
    });
  }

  #relieve(): void {
    this.#isFull = false;
    this.#gate.release();
    for (const { resolve } of this.#takeDrainers()) resolve();
  }

  #takeDrainers(): readonly Waiter[] {
    const drainers = this.#drainers ?? [];
    this.#drainers = undefined;
    return drainers;
  }

  #takeEnders(): readonly Waiter[] {
    const ending = this.#ending;
    this.#ending = undefined;
    return ending?.taken() ?? [];
  }
}

/** The end of what is written, while it cannot be sent yet: who waits for it, and how long the peer may take nothing. */
class Ending {
  readonly waiters: Waiter[] = [];
  #deadline: Deadline | undefined;

  await(wheel: DeadlineWheel, timeoutMs: number, expire: () => void): void {
    this.#deadline ??= new Deadline(wheel, expire);
    this.#deadline.start(timeoutMs);
  }

  /** It is sent, or never will be. */
  taken(): readonly Waiter[] {
    this.#deadline?.cancel();
    return this.waiters;
  }
}
