import type { Data } from "../socket/argument.ts";
import { bytesOf } from "../socket/argument.ts";
import { ConnectionError, errorOf } from "./connection-error.ts";
import { atEndOfTurn, type TurnEnder } from "./end-of-turn.ts";
import type { Aborter } from "./input.ts";
import { Outbox } from "./outbox.ts";
import type { Link } from "./transport.ts";

/** `write` gives false from here on, and nothing is read, until less than LOW_WATER_BYTES wait to be sent. */
export const HIGH_WATER_BYTES = 64 * 1024;
export const LOW_WATER_BYTES = 32 * 1024;
/** A connection for which more than this waits is aborted: its peer does not read. */
const MAX_OUTBOX_BYTES = 16 * 1024 * 1024;

const NOTHING = Promise.resolve();

/** What is closed while too much waits to be sent: whoever only writes answers would write more of them. */
export interface Gate {
  hold(): void;
  release(): void;
}

/** Whom the output tells that a send has failed. */
export interface OutputOwner extends Aborter {
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
  readonly #outbox: Outbox;
  #phase: Phase = "open";
  #failure: Error | undefined;
  #drainers: Waiter[] | undefined;
  #enders: Waiter[] | undefined;
  /** At the end of the turn it will be sent. */
  #isDue = false;
  /** The link has no room. */
  #isBlocked = false;
  /** Between the two marks, on the way down. */
  #isFull = false;
  #bytesAdded = 0;

  constructor(link: Link, owner: OutputOwner, gate: Gate) {
    this.#link = link;
    this.#owner = owner;
    this.#gate = gate;
    this.#outbox = new Outbox(link.isRecords);
  }

  /** Each write is a record. */
  get isRecords(): boolean {
    return this.#link.isRecords;
  }

  /** What the link has taken. */
  get bytesWritten(): number {
    return this.#bytesAdded - this.#outbox.bytes;
  }

  /** What waits to be sent. */
  get bytesWaiting(): number {
    return this.#outbox.bytes;
  }

  write(data: Data): boolean {
    if (this.#phase !== "open") {
      if (this.#phase === "lost") return false;
      throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
    }
    const bytes = bytesOf("data", data);
    const outbox = this.#outbox;
    if (bytes.length > 0 || this.#link.isRecords) {
      outbox.add(bytes);
      this.#bytesAdded += bytes.length;
      if (!this.#isDue && !this.#isBlocked) {
        this.#isDue = true;
        atEndOfTurn(this);
      }
    }
    if (outbox.bytes < HIGH_WATER_BYTES) return true;
    if (outbox.bytes > MAX_OUTBOX_BYTES) {
      this.#owner.abort(new ConnectionError("ERR_SOCKWRIGHT_OUTBOX_FULL"));
    } else if (!this.#isFull) {
      this.#isFull = true;
      this.#gate.hold();
    }
    return false;
  }

  drained(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#outbox.bytes < HIGH_WATER_BYTES) return NOTHING;
    return new Promise((resolve, reject) => {
      this.#drainers ??= [];
      this.#drainers.push({ resolve, reject });
    });
  }

  /** Settles when the link has all of it, and the end. */
  end(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#phase === "ended") return NOTHING;
    return new Promise((resolve, reject) => {
      this.#enders ??= [];
      this.#enders.push({ resolve, reject });
      this.#phase = "ending";
      this.#flush();
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
    this.#failure = error;
    this.#bytesAdded -= this.#outbox.bytes;
    this.#outbox.clear();
    for (const { reject } of [...this.#takeDrainers(), ...this.#takeEnders()]) reject(error);
  }

  #flush(): void {
    if (this.#isBlocked || this.#phase === "lost") return;
    try {
      this.#outbox.flush(this.#link);
      if (!this.#outbox.isEmpty) {
        this.#isBlocked = true;
        this.#link.awaitRoom();
      } else if (this.#phase === "ending") {
        this.#phase = "ended";
        this.#link.end();
      }
    } catch (error) {
      this.#owner.failed(errorOf(error));
      return;
    }
    if (this.#isFull && this.#outbox.bytes < LOW_WATER_BYTES) this.#relieve();
    if (this.#phase === "ended") for (const { resolve } of this.#takeEnders()) resolve();
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
    const enders = this.#enders ?? [];
    this.#enders = undefined;
    return enders;
  }
}
