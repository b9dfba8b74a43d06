import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { AF_UNIX, SOCK_DGRAM } from "./constants.ts";

/**
 * A descriptor that is kept so that it can be given up: when there is no other, a connection can still be taken from the
 * backlog, and closed, so that its client learns of it. A socket, since EMFILE and ENFILE count those, and a jail without
 * /dev has them.
 */
export class SpareDescriptor {
  #handle: Handle = -1;

  /** Keeps one, if there is one. True when it does. */
  keep(): boolean {
    if (this.#handle < 0) this.#handle = kernel.socket(AF_UNIX, SOCK_DGRAM, 0);
    return this.#handle >= 0;
  }

  /** Gives it back. True when there was one. */
  release(): boolean {
    if (this.#handle < 0) return false;
    kernel.close(slotOf(this.#handle), generationOf(this.#handle));
    this.#handle = -1;
    return true;
  }
}
