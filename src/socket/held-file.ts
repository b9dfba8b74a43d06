import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import type { PagedFile } from "./file-pages.ts";

/** A file to send: by the caller's descriptor, or, after {@link hold}, by a duplicate of its own. */
export class HeldFile implements PagedFile {
  #descriptor: number;
  #handle: Handle | undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  /**
   * Has a duplicate from now on: whoever closes the other descriptor meanwhile has not made this one another file's. 0, or a
   * negated errno: then it goes on with the other one.
   */
  hold(): number {
    if (this.#handle !== undefined) return 0;
    const handle = kernel.fromfd(this.#descriptor);
    if (handle < 0) return handle;
    this.#handle = handle;
    this.#descriptor = kernel.fileno(slotOf(handle), generationOf(handle));
    return 0;
  }

  /** Where it is read on, by all who share the open file. */
  get position(): number {
    return kernel.seekFile(this.#descriptor);
  }

  set position(position: number) {
    kernel.seekFile(this.#descriptor, position);
  }

  probe(position: number): number {
    return kernel.probeFile(this.#descriptor, position);
  }

  close(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#descriptor = -1;
    if (handle !== undefined) kernel.close(slotOf(handle), generationOf(handle));
  }
}
