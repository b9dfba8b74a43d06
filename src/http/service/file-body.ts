import type { FileHandle } from "node:fs/promises";
import { checkOptions, functionOf, integer, type OptionNames } from "../../socket/values.ts";

/** Which part of a file is a body, and who is told of it. */
export interface FileBodyOptions {
  /** Where it begins, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** How many bytes: the Content-Length. When the file has fewer, the connection is reset. */
  readonly length: number;
  /**
   * Asked behind each 512 KiB, and behind the last of them unless that has left at once: false resets the connection, since the file
   * was changed in place.
   */
  readonly isUnchanged?: (() => boolean) | undefined;
  /** Called once, when the body was sent or will not be: also for HEAD, a lost connection and an error. */
  readonly release?: (() => void) | undefined;
}

const OPTIONS: OptionNames<FileBodyOptions> = { offset: true, length: true, isUnchanged: true, release: true };

/**
 * A part of an open file as the body of one response: the kernel takes it from the file by itself, sendfile(2), no faster than
 * the client takes it. The file stays open; it is needed until `release` is called.
 *
 * @throws TypeError, RangeError.
 * @example
 * ```ts
 * import { open } from "node:fs/promises";
 * import { FileBody, http } from "sockwright/http";
 * import { serve } from "sockwright/server";
 *
 * const file = await open("package.json");
 * const server = await serve("tcp://127.0.0.1:0", http(() => ({ body: new FileBody(file, { length: 1 }) })));
 * const answer = await fetch(String(server.urls[0]).replace("tcp:", "http:"), { headers: { Connection: "close" } });
 * console.log(await answer.text()); // => {
 * await server.close();
 * await file.close();
 * ```
 */
export class FileBody {
  /** As it was given. */
  readonly file: FileHandle;
  /** Where the part begins, in bytes. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly length: number;
  readonly #isUnchanged: (() => boolean) | undefined;
  #release: (() => void) | undefined;

  constructor(file: FileHandle, options: FileBodyOptions) {
    checkOptions("new FileBody()", options, OPTIONS);
    const { offset = 0, length, isUnchanged, release } = options;
    this.file = file;
    this.offset = integer("options.offset", offset, 0, Number.MAX_SAFE_INTEGER);
    this.length = integer("options.length", length, 0, Number.MAX_SAFE_INTEGER - offset);
    if (isUnchanged !== undefined) functionOf("options.isUnchanged", isUnchanged);
    if (release !== undefined) functionOf("options.release", release);
    this.#isUnchanged = isUnchanged;
    this.#release = release;
  }

  /** Whether it is to be sent in pieces, between which {@link isUnchanged} is asked. @internal */
  get isWatched(): boolean {
    return this.#isUnchanged !== undefined;
  }

  /** @internal */
  isUnchanged(): boolean {
    return this.#isUnchanged?.() ?? true;
  }

  /** Nothing more is read of the file. @internal */
  release(): unknown {
    const release = this.#release;
    this.#release = undefined;
    return release?.();
  }
}
