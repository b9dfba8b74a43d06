import { constants } from "node:fs";
import { access, type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { choice } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, options as optionTable } from "../../server/options/option-table.ts";
import { type Clock, systemClock } from "../../server/time/clock.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import { type DirectoryEntries, directoryEntries } from "./directory-entries.ts";
import { type Described, described, type FileStat } from "./file-stat.ts";
import { BUSY, MISSING, type OpenFailure, openFailureOf } from "./open-failure.ts";
import { descriptorPath, openPath, type PathHandle, type Symlinks } from "./path-handle.ts";
import { MAX_PATH_BYTES } from "./request-path.ts";
import { RootDirectory } from "./root-directory.ts";

/** For so long a root is the directory that its name led to last; then its name is looked at again. */
export const ROOT_LOOK_MS = 1_000;

/** Of a lease that another process has on a file, O_NONBLOCK says EAGAIN, and does not wait until it is given up: fcntl(2). */
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** How a root is opened. */
export interface RootOptions {
  /**
   * Which symbolic links are followed below the root. `"deny"`: none; `"inside"`, the default: those that lead to what is inside of
   * it, however they are written; `"follow"`: all. The root itself may be named by a link in any case.
   */
  readonly symlinks?: Symlinks | undefined;
}

const ROOT_OPTIONS = optionTable({
  symlinks: choice(["deny", "inside", "follow"], { default: "inside" }),
} satisfies OptionKindsOf<RootOptions>);

/** What was opened, or why nothing was. Whoever is given the handle closes it; it is open for reading. */
export type Opened =
  | { readonly type: "file"; readonly handle: FileHandle; readonly stat: FileStat }
  | { readonly type: "directory"; readonly stat: FileStat }
  | OpenFailure;

/** What is there, and is not opened. */
export type Found = Described | OpenFailure;

/** What is in a directory. */
export type Listed = ({ readonly type: "directory"; readonly stat: FileStat } & DirectoryEntries) | OpenFailure;

type OpenCached = typeof import("./cached-path.ts").openCachedPath;

/**
 * Opens the directory that a server serves.
 *
 * What its name leads to is looked at again once a second: one that is put in its place, by rename(2) or by a link such as
 * `current -> releases/42`, is served from then on. While nothing is there, everything is missing.
 *
 * @param path - may be relative to the working directory, as that is now.
 * @param clock - what {@link ROOT_LOOK_MS} goes by.
 * @throws Error in Node's shape: `ENOENT`, `ENOTDIR`, `EACCES` where it may not be searched; `ENOENT` of /proc/self/fd where proc(5)
 * is not mounted · TypeError for a wrong path or option.
 */
export async function openRoot(path: string, options?: RootOptions, clock: Clock = systemClock): Promise<Root> {
  if (typeof path !== "string") throw wrongType("path", "of type string", path);
  const { symlinks } = ROOT_OPTIONS.check("openRoot()", options);
  if (path === "" || path.includes("\0")) throw wrongValue("path", "must name a directory, and have no NUL", path);
  const name = resolve(path);
  const directory = await RootDirectory.open(name);
  try {
    await access(name, constants.X_OK);
    const { isAvailable, openCachedPath } = await import("./cached-path.ts");
    return new Root(name, symlinks, clock, directory, isAvailable ? openCachedPath : undefined);
  } catch (error) {
    directory.retire();
    throw error;
  }
}

/**
 * A directory whose files, and no others, can be opened for requests.
 *
 * What counts is what was opened, and not what was named: a path is looked up by openat2(2) with RESOLVE_BENEATH, or else the
 * kernel is asked where it has led. Only then is a regular file opened for reading. So nobody who exchanges files, directories
 * or links meanwhile can have something else read.
 */
export class Root {
  readonly #name: string;
  readonly #symlinks: Symlinks;
  readonly #clock: Clock;
  readonly #openCached: OpenCached | undefined;
  /** Undefined once it is closed. */
  #directory: RootDirectory | undefined;
  #lookedAtMs: number;
  #expiredAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<OpenFailure | undefined> | undefined;

  /** @internal */
  constructor(
    name: string,
    symlinks: Symlinks,
    clock: Clock,
    directory: RootDirectory,
    openCached: OpenCached | undefined,
  ) {
    this.#name = name;
    this.#symlinks = symlinks;
    this.#clock = clock;
    this.#directory = directory;
    this.#openCached = openCached;
    this.#lookedAtMs = clock.now();
  }

  /**
   * Opens a file for reading; of a directory it is said that it is one. Everything is `busy` once the root is closed.
   *
   * @param path - from the root: segments of which none is empty, `.` or `..`, as {@link requestPath} gives them; `""` is the root.
   * @throws TypeError for another path · Error in Node's shape for what is no answer, such as `EIO`.
   */
  open(path: string): Promise<Opened> {
    return this.#look(path, async (handle, found) => {
      if (found.type === "directory") return found;
      const opened = await open(descriptorPath(handle.descriptor), READ);
      return { ...found, handle: opened };
    });
  }

  /** What is there, without opening it: see {@link open}. */
  stat(path: string): Promise<Found> {
    return this.#look(path, (_, found) => found);
  }

  /** What is in a directory; of a file it is said that it is missing. See {@link open}. */
  list(path: string): Promise<Listed> {
    return this.#look(path, async (handle, found) => {
      if (found.type === "file") return MISSING;
      const folder = path === "" ? "" : `${path}/`;
      const listed = await directoryEntries(descriptorPath(handle.descriptor), (name) => this.stat(folder + name));
      return "type" in listed ? listed : { ...found, ...listed };
    });
  }

  /** Something has changed: it is looked where the name leads before anything else is looked for. */
  expire(): void {
    this.#expiredAtMs = this.#clock.now();
    this.#looking = undefined;
  }

  /** Closes the directory; files that were opened stay open. A second close does nothing. */
  close(): void {
    this.#directory?.retire();
    this.#directory = undefined;
  }

  /** Finds what is at the path, and holds it while it is used. */
  async #look<Result>(
    path: string,
    use: (handle: PathHandle, found: Described) => Result | Promise<Result>,
  ): Promise<Result | OpenFailure> {
    checkPath(path);
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) return MISSING;
    const looking = this.#renew();
    const refused = looking === undefined ? undefined : await looking;
    const directory = this.#directory;
    if (refused !== undefined || directory === undefined) return refused ?? BUSY;
    directory.enter();
    try {
      const name = path === "" ? "." : path;
      const handle =
        this.#openCached?.(directory, name, this.#symlinks) ?? (await openPath(directory, name, this.#symlinks));
      if ("type" in handle) return handle;
      try {
        const found = described(handle.descriptor);
        return found === undefined ? MISSING : await use(handle, found);
      } finally {
        handle.close();
      }
    } catch (error) {
      return openFailureOf(error);
    } finally {
      directory.leave();
    }
  }

  /** Looks where the name leads now, if that was not done of late. */
  #renew(): Promise<OpenFailure | undefined> | undefined {
    const isNew = this.#clock.now() - this.#lookedAtMs < ROOT_LOOK_MS && this.#lookedAtMs > this.#expiredAtMs;
    if (this.#directory === undefined || isNew) return undefined;
    if (this.#looking !== undefined) return this.#looking;
    const looking = this.#reopen().finally(() => {
      if (this.#looking === looking) this.#looking = undefined;
    });
    this.#looking = looking;
    return looking;
  }

  /** Where the name leads nowhere, each further look tries again. */
  async #reopen(): Promise<OpenFailure | undefined> {
    const lookedAtMs = this.#clock.now();
    let directory: RootDirectory;
    try {
      directory = await RootDirectory.open(this.#name);
    } catch (error) {
      return openFailureOf(error);
    }
    if (this.#directory === undefined) {
      directory.retire();
      return BUSY;
    }
    this.#directory.retire();
    this.#directory = directory;
    this.#lookedAtMs = lookedAtMs;
    return undefined;
  }
}

const NO_SEGMENT = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

function checkPath(path: string): void {
  if (typeof path !== "string") throw wrongType("path", "of type string", path);
  if (path !== "" && NO_SEGMENT.test(path)) {
    throw wrongValue("path", "must be relative, without segments that are empty, . or .., and without NUL", path);
  }
}
