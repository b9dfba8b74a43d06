import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { AF_UNIX, SOCK_DGRAM } from "./constants.ts";

/**
 * A descriptor kept in reserve: when the process has no other left, the server releases it to accept a connection from the
 * backlog and close it, so that the client sees an error and does not wait. It is a socket, since EMFILE and ENFILE count
 * sockets, and a jail without /dev can open one.
 */
export class SpareDescriptor {
  #handle: Handle = -1;

  /** Opens the spare descriptor if it is not open. Returns whether it is open now. */
  keep(): boolean {
    if (this.#handle < 0) this.#handle = kernel.socket(AF_UNIX, SOCK_DGRAM, 0);
    return this.#handle >= 0;
  }

  /** Closes the spare descriptor. Returns whether it was open. */
  release(): boolean {
    if (this.#handle < 0) return false;
    kernel.close(slotOf(this.#handle), generationOf(this.#handle));
    this.#handle = -1;
    return true;
  }
}
