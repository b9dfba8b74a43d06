import { constants } from "node:os";
import { generationOf, type Handle, slotOf } from "../native/kernel.ts";

const { EMFILE } = constants.errno;
/** Slots below are the addon's: a process has fewer descriptors than this, unless it is made for more. */
export const FIRST_FAKE_SLOT = 2 ** 22;
const SLOTS = 2 ** 24;

/** One descriptor of the fake kernel: what it names, and what epoll was asked for. */
export interface FakeSlot<Owner> {
  readonly slot: number;
  readonly generation: number;
  readonly socket: Owner;
  interest: number;
  isInheritable: boolean;
}

/**
 * The next slot that no kernel has had: one that comes later has others, since whoever has a socket of one that is gone may
 * close it still.
 */
let nextSlot = FIRST_FAKE_SLOT;

/** The descriptors of the fake kernel. As in the addon, a slot is given out again at once, with a generation of its own. */
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

  /** A handle, or -EMFILE. */
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
