import { NO_PLACE, type Placed, PlacedList } from "../native/placed-list.ts";
import { within } from "./time-limit.ts";
import { WakeUp } from "./wake-up.ts";

/** So far a client may fall behind what was sent to all. */
export const MAX_BEHIND_BYTES = 16 * 1024 * 1024;
/** So long the others wait for it then; it has to be half as far behind at the end, else it is dropped. */
export const CATCH_UP_MS = 1_000;

/** A piece, and what was sent after it. Nobody holds those that every client has taken. */
interface Piece {
  readonly bytes: Uint8Array;
  next: Piece | undefined;
}

/** What a client has taken of what is sent to all. */
export interface Reader extends Placed {
  at: Piece;
  behindBytes: number;
}

/**
 * What is sent to all clients, kept once for all of them until each has taken it at its own pace. The fastest client sets
 * the pace of the source. Nobody holds up the others for long, or again and again: in each second of waiting they get at
 * least half of {@link MAX_BEHIND_BYTES}, or whom they wait for is dropped.
 */
export class Broadcast {
  readonly #readers = new PlacedList<Reader>();
  readonly #grown = new WakeUp();
  readonly #taken = new WakeUp();
  #last: Piece = { bytes: new Uint8Array(), next: undefined };
  #hasEnded = false;

  /** A client of what is sent from now on. */
  join(): Reader {
    const reader = { at: this.#last, behindBytes: 0, place: NO_PLACE };
    this.#readers.add(reader);
    this.#taken.notify();
    return reader;
  }

  leave(reader: Reader): void {
    this.#readers.delete(reader);
    this.#taken.notify();
  }

  /** The next piece for a client; undefined when there is none, and none will come. */
  async next(reader: Reader): Promise<Uint8Array | undefined> {
    while (reader.at.next === undefined) {
      if (this.#hasEnded) return undefined;
      await this.#grown.next();
    }
    return reader.at.next.bytes;
  }

  /** The client has taken the piece that {@link next} gave. */
  took(reader: Reader): void {
    const { next } = reader.at;
    if (next === undefined) return;
    reader.at = next;
    reader.behindBytes -= next.bytes.length;
    this.#taken.notify();
  }

  /** Sends to all; the bytes are the broadcast's own. Settles with those to drop when there is room for the next piece. */
  async send(bytes: Uint8Array): Promise<readonly Reader[]> {
    const piece: Piece = { bytes, next: undefined };
    this.#last.next = piece;
    this.#last = piece;
    for (const reader of this.#readers) reader.behindBytes += bytes.length;
    this.#grown.notify();
    while (this.#readers.size > 0 && !this.#some(({ behindBytes }) => behindBytes === 0)) await this.#taken.next();
    const late = [...this.#readers].filter(({ behindBytes }) => behindBytes > MAX_BEHIND_BYTES);
    if (late.length === 0) return late;
    let isOver = false;
    const isLate = (reader: Reader): boolean => this.#readers.has(reader) && reader.behindBytes > MAX_BEHIND_BYTES / 2;
    const caughtUp = async (): Promise<void> => {
      while (!isOver && late.some(isLate)) await this.#taken.next();
    };
    await within(CATCH_UP_MS, caughtUp());
    isOver = true;
    return late.filter(isLate);
  }

  /** Settles when somebody is there to send to, or {@link end} was called. */
  async hasReaders(): Promise<void> {
    while (this.#readers.size === 0 && !this.#hasEnded) await this.#taken.next();
  }

  end(): void {
    this.#hasEnded = true;
    this.#grown.notify();
    this.#taken.notify();
  }

  #some(test: (reader: Reader) => boolean): boolean {
    for (const reader of this.#readers) if (test(reader)) return true;
    return false;
  }
}
