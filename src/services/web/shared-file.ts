import { fstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { endingTurn } from "../../native/turn.ts";
import type { FileStat } from "./file-stat.ts";

/** An open file that several answers send at once. Its last user closes it. */
export class SharedFile {
  readonly handle: FileHandle;
  readonly #stat: FileStat;
  readonly #links: bigint;
  #users = 1;
  #turn = -1;
  #wasUnchanged = true;

  /** @param handle - this object owns it; its creator is the first user. */
  constructor(handle: FileHandle, stat: FileStat) {
    this.handle = handle;
    this.#stat = stat;
    this.#links = fstatSync(handle.fd, { bigint: true }).nlink;
  }

  /** Adds a user. */
  use(): void {
    this.#users++;
  }

  /** Removes a user; the last one closes the file. */
  readonly release = (): void => {
    this.#users--;
    // close(2): the descriptor is free even after an error, and a file that was only read loses nothing.
    if (this.#users === 0) this.handle.close().catch(() => undefined);
  };

  /** {@link isUnchanged}, called once per turn however many answers begin in it. */
  get isCurrent(): boolean {
    const turn = endingTurn();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#wasUnchanged = this.isUnchanged();
    }
    return this.#wasUnchanged;
  }

  /**
   * Whether the content is unchanged. A deleted or renamed-over file has one link less and a new change time, and is still
   * sent to its end. A new change time without that may be a write whose modification time was set back.
   */
  readonly isUnchanged = (): boolean => {
    if (this.handle.fd < 0) return false;
    const { size, mtimeNs, ctimeNs, nlink } = fstatSync(this.handle.fd, { bigint: true });
    if (Number(size) !== this.#stat.size || mtimeNs !== this.#stat.mtimeNs) return false;
    return ctimeNs === this.#stat.ctimeNs || nlink < this.#links;
  };
}
