import { constants } from "node:os";
import { generationOf, type Handle, slotOf } from "../native/kernel.ts";

const { EMFILE } = constants.errno;
/** The first slot of fake sockets. Slots below belong to the addon: a process has fewer descriptors unless it is configured for more. */
export const FIRST_FAKE_SLOT = 2 ** 22;
const SLOTS = 2 ** 24;

/** One descriptor of a fake kernel: its socket, and the events that epoll watches for. */
export interface FakeSlot<Owner> {
  readonly slot: number;
  readonly generation: number;
  readonly socket: Owner;
  interest: number;
  isInheritable: boolean;
}

/**
 * The next slot that no fake kernel has used. Each kernel uses new slots, since the program may still close a socket of an
 * earlier one.
 */
let nextSlot = FIRST_FAKE_SLOT;

/** The descriptor table of a fake kernel. As in the addon, a closed slot is reused at once, with a new generation. */
export class FakeSlots<Owner> {
  readonly #open = new Map<number, FakeSlot<Owner>>();
  readonly #free: Handle[] = [];
  readonly #maxOpen: number;

  constructor(maxOpen: number) {
    this.#maxOpen = maxOpen;
  }

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= this.#maxOpen;
  }

  all(): Iterable<FakeSlot<Owner>> {
    return this.#open.values();
  }

  /** Adds a socket. Returns its handle, or -EMFILE. */
  open(socket: Owner): Handle {
    if (this.isFull) return -EMFILE;
    const last = this.#free.pop();
    const slot = last === undefined ? freshSlot() : slotOf(last);
    const generation = last === undefined ? 1 : generationOf(last) + 1;
    this.#open.set(slot, { slot, generation, socket, interest: 0, isInheritable: false });
    return generation * SLOTS + slot;
  }

  find(slot: number, generation: number): FakeSlot<Owner> | undefined {
    const found = this.#open.get(slot);
    return found?.generation === generation ? found : undefined;
  }

  close({ slot, generation }: FakeSlot<Owner>): void {
    this.#open.delete(slot);
    this.#free.push(generation * SLOTS + slot);
  }
}

function freshSlot(): number {
  const slot = nextSlot++;
  if (nextSlot === SLOTS) nextSlot = FIRST_FAKE_SLOT;
  return slot;
}
