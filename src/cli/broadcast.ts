import { NO_PLACE, type Placed, PlacedList } from "../native/placed-list.ts";
import { within } from "./time-limit.ts";
import { WakeUp } from "./wake-up.ts";

/** The most bytes that a client may fall behind; a client that is further behind has {@link CATCH_UP_MS} to catch up. */
export const MAX_BEHIND_BYTES = 16 * 1024 * 1024;
/** How long the other clients wait for one that is too far behind; if it is still more than half of {@link MAX_BEHIND_BYTES} behind, it is dropped. */
export const CATCH_UP_MS = 1_000;

/** A piece of data and its successor. A piece that every client has taken is no longer referenced. */
interface Piece {
  readonly bytes: Uint8Array;
  next: Piece | undefined;
}

/** The position of one client in the data that is sent to all. */
export interface Reader extends Placed {
  at: Piece;
  behindBytes: number;
}

/**
 * A queue that sends the same data to all clients and stores it once. Each client reads at its own pace, and the fastest
 * client sets the pace of the source. A slow client delays the others only briefly: for each second that they wait, it
 * takes at least half of {@link MAX_BEHIND_BYTES}, or it is dropped.
 */
export class Broadcast {
  readonly #readers = new PlacedList<Reader>();
  readonly #grown = new WakeUp();
  readonly #taken = new WakeUp();
  #last: Piece = { bytes: new Uint8Array(), next: undefined };
  #hasEnded = false;

  /** Adds a client, which receives the data sent from now on. */
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

  /** Returns the next piece for a client; undefined after {@link end} when all pieces are taken. */
  async next(reader: Reader): Promise<Uint8Array | undefined> {
    while (reader.at.next === undefined) {
      if (this.#hasEnded) return undefined;
      await this.#grown.next();
    }
    return reader.at.next.bytes;
  }

  /** Marks the piece that {@link next} returned as taken. */
  took(reader: Reader): void {
    const { next } = reader.at;
    if (next === undefined) return;
    reader.at = next;
    reader.behindBytes -= next.bytes.length;
    this.#taken.notify();
  }

  /** Sends to all clients; the broadcast takes ownership of the bytes. When the next piece can be sent, resolves with the clients to drop. */
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

  /** Resolves when there is a client to send to, or after {@link end}. */
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
