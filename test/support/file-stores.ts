// Stores of the files service in temporary folders.
import { onTestFinished } from "vitest";
import type { Disk, DiskFile } from "../../src/services/files/disk.ts";
import { localDisk } from "../../src/services/files/disk.ts";
import { LocalStore, type LocalStoreOptions } from "../../src/services/files/local-store.ts";
import { type NewUpload, newUploadId } from "../../src/services/files/uploads.ts";
import { temporaryFolder } from "./folders.ts";

/** Opens a store, which is closed when the test ends; in a new folder unless one is given. */
export async function openedStore(
  options: Partial<LocalStoreOptions> = {},
  folder = temporaryFolder(),
): Promise<{ readonly store: LocalStore; readonly folder: string }> {
  const store = await LocalStore.open(folder, {
    maxBytes: 2 ** 40,
    maxPartials: 1_000,
    expireMs: 86_400_000,
    hasDigests: true,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  onTestFinished(() => store.close());
  return { store, folder };
}

/** The beginning of an upload of a file; its name must be free. */
export function newUpload(path: string, length?: number): NewUpload {
  return { id: newUploadId(), path, onConflict: "fail", isPart: false, length };
}

/** One call that a {@link recordingDisk} has seen. */
export interface DiskCall {
  readonly call: string;
  /** The last two parts of the path. */
  readonly path: string;
}

/** A disk that records the calls that change something, and throws the error that `fail` returns for one. */
export function recordingDisk(fail: (call: DiskCall) => Error | undefined = () => undefined): {
  readonly disk: Disk;
  readonly calls: DiskCall[];
} {
  const calls: DiskCall[] = [];
  const note = (call: string, path: string): void => {
    const entry = { call, path: path.split("/").slice(-2).join("/") };
    calls.push(entry);
    const error = fail(entry);
    if (error !== undefined) throw error;
  };
  const watched = (file: DiskFile, path: string): DiskFile =>
    new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...given: unknown[]) => {
          if (name !== "stat" && name !== "close") note(String(name), path);
          return (await Reflect.apply(value, target, given)) as unknown;
        };
      },
    });
  const disk: Disk = {
    ...localDisk,
    open: async (path, flags, mode) => {
      if ((flags & 0o100) !== 0) note("create", path);
      return watched(await localDisk.open(path, flags, mode), path);
    },
    link: async (existing, path) => {
      note("link", path);
      await localDisk.link(existing, path);
    },
    mkdir: async (path, mode) => {
      note("mkdir", path);
      return await localDisk.mkdir(path, mode);
    },
    rename: async (from, to) => {
      note("rename", to);
      await localDisk.rename(from, to);
    },
    unlink: async (path) => {
      note("unlink", path);
      await localDisk.unlink(path);
    },
  };
  return { disk, calls };
}

/** An error of a system call. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: test`), { code });
}
