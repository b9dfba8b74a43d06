import type { Disk } from "./disk.ts";
import type { FileReceiver } from "./file-store.ts";
import type { Published } from "./journal.ts";
import type { PartFile } from "./part-file.ts";
import type { PrefixHash } from "./prefix-hash.ts";
import type { Content } from "./publisher.ts";
import type { Space } from "./space.ts";
import { StoreError, storeErrorOf } from "./store-error.ts";
import { checkSize } from "./upload-space.ts";

/** What the receiver of a whole file needs of its store. */
export interface WholeFileSetup {
  readonly disk: Disk;
  readonly path: string;
  readonly part: PartFile;
  readonly hash: PrefixHash;
  readonly length: number | undefined;
  readonly maxBytes: number;
  readonly space: Space;
  readonly publish: (content: Content) => Promise<Published>;
  readonly ended: () => void;
}

/** Receives a file in one request. Until it is complete it has no name, and it leaves nothing when it does not become complete. */
export class WholeFile implements FileReceiver {
  readonly #setup: WholeFileSetup;
  #offset = 0;
  #ending: Promise<unknown> | undefined;
  onSuperseded: (() => void) | undefined;

  constructor(setup: WholeFileSetup) {
    this.#setup = setup;
  }

  get offset(): number {
    return this.#offset;
  }

  append(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#ending !== undefined) throw new StoreError("CLOSED", "The store is closed");
    const { part, hash, length, maxBytes, space } = this.#setup;
    const offset = this.#offset + bytes.length;
    if (length !== undefined && offset > length) throw lengthError();
    checkSize(offset, maxBytes);
    space.take(bytes.length);
    this.#offset = offset;
    hash.update(bytes);
    return part.append(bytes)?.catch((error: unknown) => {
      throw storeErrorOf(error);
    });
  }

  async finish(expected?: string): Promise<Published> {
    if (this.#ending !== undefined) throw new StoreError("CLOSED", "The store is closed");
    const finishing = this.#finish(expected);
    this.#ending = finishing;
    return await finishing;
  }

  async discard(): Promise<void> {
    this.onSuperseded?.();
    this.#ending ??= this.#remove();
    await this.#ending.catch(() => undefined);
  }

  async #finish(expected: string | undefined): Promise<Published> {
    const { part, hash, length, publish, ended } = this.#setup;
    try {
      const size = this.#offset;
      if (length !== undefined && length !== size) throw lengthError();
      const sha256 = await hash.mark().digest();
      if (expected !== undefined && sha256 !== undefined && expected !== sha256) {
        throw new StoreError("BAD_DIGEST", "The bytes do not have the digest that was given");
      }
      await part.flush();
      const mtimeMs = await part.sync();
      const published = await publish({ size, sha256, mtimeMs });
      await part.close();
      ended();
      return published;
    } catch (error) {
      await this.#remove();
      throw storeErrorOf(error);
    }
  }

  async #remove(): Promise<void> {
    const { disk, path, part, space, ended } = this.#setup;
    ended();
    space.give(this.#offset);
    await part.close();
    // A file that is published, and only then failed to be recorded, has its name: there is nothing to remove here.
    await disk.unlink(path).catch(() => undefined);
  }
}

function lengthError(): StoreError {
  return new StoreError("BAD_LENGTH", "The file does not have the length that was announced");
}
