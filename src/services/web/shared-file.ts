import { fstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { endingTurn } from "../../native/turn.ts";
import type { FileStat } from "./file-stat.ts";

/** An open file that several answers send at once. It is closed when its last user has let it go. */
export class SharedFile {
  readonly handle: FileHandle;
  readonly #stat: FileStat;
  readonly #links: bigint;
  #users = 1;
  #turn = -1;
  #wasUnchanged = true;

  /** @param handle - it is this file's from now on, and whoever makes this is its first user. */
  constructor(handle: FileHandle, stat: FileStat) {
    this.handle = handle;
    this.#stat = stat;
    this.#links = fstatSync(handle.fd, { bigint: true }).nlink;
  }

  /** One user more. */
  use(): void {
    this.#users++;
  }

  /** One user less; the last one closes it. */
  readonly release = (): void => {
    this.#users--;
    // close(2): whatever it says, the descriptor is free, and of a file that was read nothing is lost.
    if (this.#users === 0) this.handle.close().catch(() => undefined);
  };

  /** {@link isUnchanged}, asked once a turn however many answers begin in it. */
  get isCurrent(): boolean {
    const turn = endingTurn();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#wasUnchanged = this.isUnchanged();
    }
    return this.#wasUnchanged;
  }

  /**
   * Whether its content is what it was. Deleted, or replaced by a rename, it has one link less and a new change time, and is
   * sent to its end. A change time that is new without that can be a write whose modification time was put back.
   */
  readonly isUnchanged = (): boolean => {
    if (this.handle.fd < 0) return false;
    const { size, mtimeNs, ctimeNs, nlink } = fstatSync(this.handle.fd, { bigint: true });
    if (Number(size) !== this.#stat.size || mtimeNs !== this.#stat.mtimeNs) return false;
    return ctimeNs === this.#stat.ctimeNs || nlink < this.#links;
  };
}
