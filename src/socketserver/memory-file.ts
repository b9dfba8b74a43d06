import { bytesOf, type Data } from "../socket/values.ts";

/** A file in memory, as Python's io.BytesIO, with the promises that files of sockets have. */
export class MemoryFile {
  readonly #pieces: Uint8Array[] = [];

  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined) this.#pieces.push(bytes);
  }

  /** Adds text as UTF-8, or bytes. Resolves to their number. */
  async write(data: Data): Promise<number> {
    const bytes = Buffer.from(bytesOf("data", data));
    this.#pieces.push(bytes);
    return bytes.length;
  }

  /** All of it. */
  getvalue(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
