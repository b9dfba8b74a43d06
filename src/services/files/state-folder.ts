import { chmod, lstat, mkdir, readdir, unlink } from "node:fs/promises";
import { codeOf } from "../../socket/values.ts";
import type { Base } from "../web/path-handle.ts";
import { descriptorPath } from "../web/path-handle.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";

/** The folder in the root that has the state of a store. No request reaches it. */
export const STATE_FOLDER = ".sockwright";

/** The folder for the state of a store, of which one process at a time has it open. */
export class StateFolder {
  /** Files of uploads. */
  readonly uploads: string;
  /** Files that arrive in one request. */
  readonly incoming: string;
  readonly receipts: string;
  /** A key, with which links are signed. */
  readonly linkKey: string;
  readonly #lock: FolderLock;

  private constructor(path: string, lock: FolderLock) {
    this.uploads = `${path}/uploads`;
    this.incoming = `${path}/incoming`;
    this.receipts = `${path}/receipts.jsonl`;
    this.linkKey = `${path}/link-key`;
    this.#lock = lock;
  }

  /**
   * Makes the folder where it is missing, and locks it.
   *
   * @throws StoreError `IN_USE` · Error in Node's shape.
   */
  static async open(root: Base): Promise<StateFolder> {
    // By the descriptor: the root may get another name, and the path of a socket is short, unix(7).
    const path = `${descriptorPath(root.descriptor)}/${STATE_FOLDER}`;
    await makeOwnFolder(path);
    const lock = await lockFolder(`${path}/lock`);
    try {
      const state = new StateFolder(path, lock);
      for (const folder of [state.uploads, state.incoming]) await makeOwnFolder(folder);
      // Requests that a crash has ended: nobody can resume them.
      for (const name of await readdir(state.incoming)) await unlink(`${state.incoming}/${name}`);
      return state;
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#lock.close();
  }
}

/** A folder for this process's user alone. */
async function makeOwnFolder(path: string): Promise<void> {
  await mkdir(path, 0o700).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory()) throw Object.assign(new Error(`${path} is not a folder`), { code: "ENOTDIR" });
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}
