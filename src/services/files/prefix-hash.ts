import { createHash, type Hash } from "node:crypto";

/** The SHA-256 of the bytes of an upload so far. */
export interface PrefixHash {
  /** Adds bytes that follow. */
  update(bytes: Uint8Array): void;
  /**
   * Returns the state after all bytes so far. The bytes of the file must be written by the time its digest is asked for.
   */
  mark(): HashMark;
  /** Goes back to an earlier state. Returns false when that is not possible; then the hash is of no more use. */
  reset(mark: HashMark): boolean;
  /** Frees what it holds. */
  close(): void;
}

/** The state of a hash after some bytes. */
export interface HashMark {
  /** Returns the digest in hexadecimal; undefined for a store without digests. */
  digest(): Promise<string | undefined>;
}

/** A hash in memory, which lives as long as this process. */
export class MemoryHash implements PrefixHash {
  #hash: Hash = createHash("sha256");

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  mark(): MemoryMark {
    return new MemoryMark(this.#hash.copy());
  }

  reset(mark: HashMark): boolean {
    if (!(mark instanceof MemoryMark)) return false;
    this.#hash = mark.copy();
    return true;
  }

  close(): void {
    // The memory is all it holds.
  }
}

class MemoryMark implements HashMark {
  readonly #hash: Hash;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  copy(): Hash {
    return this.#hash.copy();
  }

  async digest(): Promise<string> {
    return this.#hash.copy().digest("hex");
  }
}

/** The hash of a store without digests. */
export const NO_HASH: PrefixHash = {
  update() {
    // No digest is asked for.
  },
  mark: () => ({ digest: async () => undefined }),
  reset: () => true,
  close() {
    // There is nothing to free.
  },
};
