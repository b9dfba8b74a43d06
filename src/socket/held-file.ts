import { generationOf, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { EBADF } from "./errno.ts";
import type { PagedFile } from "./file-pages.ts";

/** A duplicate of a descriptor: whoever closes the other one meanwhile has not made this one another file's. */
export class HeldFile implements PagedFile {
  readonly slot: number;
  readonly generation: number;

  private constructor(slot: number, generation: number) {
    this.slot = slot;
    this.generation = generation;
  }

  /** A negated errno where there is none. */
  static of(descriptor: number): HeldFile | number {
    const handle = descriptor < 0 ? -EBADF : kernel.fromfd(descriptor);
    return handle < 0 ? handle : new HeldFile(slotOf(handle), generationOf(handle));
  }

  get descriptor(): number {
    return kernel.fileno(this.slot, this.generation);
  }

  /** Where it is read on, by all who share the open file. */
  get position(): number {
    return kernel.seekFile(this.slot, this.generation);
  }

  set position(position: number) {
    kernel.seekFile(this.slot, this.generation, position);
  }

  probe(position: number): number {
    return kernel.probeFile(this.slot, this.generation, position);
  }

  close(): void {
    kernel.close(this.slot, this.generation);
  }
}
