import type { FileHandle } from "node:fs/promises";
import { checkOptions, functionOf, integer, type OptionNames } from "../../socket/values.ts";

/** The part of a file that is a body, and the functions that are called while it is sent. */
export interface FileBodyOptions {
  /** The start of the part, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** The length of the part, in bytes, which is the Content-Length. When the file has fewer, the server resets the connection. */
  readonly length: number;
  /**
   * Called after each piece of 512 KiB, and after the last piece unless that was sent at once. When it returns false, the file was
   * changed in place, and the server resets the connection.
   */
  readonly isUnchanged?: (() => boolean) | undefined;
  /** Called once, when the body is sent or will not be sent: also for HEAD, a lost connection and an error. */
  readonly release?: (() => void) | undefined;
}

const OPTIONS: OptionNames<FileBodyOptions> = { offset: true, length: true, isUnchanged: true, release: true };

/**
 * A part of an open file as the body of one response. The kernel sends it directly from the file, sendfile(2), no faster than the
 * client receives it. The server does not close the file; the file must stay open until `release` is called.
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
  /** The file that the constructor was given. */
  readonly file: FileHandle;
  /** The start of the part, in bytes. */
  readonly offset: number;
  /** The length of the part, in bytes. */
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

  /** Whether the body has to be sent in pieces, with a call of {@link isUnchanged} after each. @internal */
  get isWatched(): boolean {
    return this.#isUnchanged !== undefined;
  }

  /** @internal */
  isUnchanged(): boolean {
    return this.#isUnchanged?.() ?? true;
  }

  /** Calls the `release` option, once: nothing more is read from the file. @internal */
  release(): unknown {
    const release = this.#release;
    this.#release = undefined;
    return release?.();
  }
}
