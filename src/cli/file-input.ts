import { HeldFile } from "../socket/internal.ts";
import { CONNECTION_ERRORS, canTell, EPIPE, SocketError } from "../socket/values.ts";

/** Standard input that is a regular file, sent with sendfile(2). The file position advances as if the bytes were read, for all processes that share the descriptor. */
export class FileInput {
  readonly #file: HeldFile;

  private constructor(file: HeldFile) {
    this.#file = file;
  }

  /**
   * Returns undefined where the thread pool should read the file: sendfile(2) that waits for a disk or another machine
   * handles no signal, and not every file system can tell which bytes would wait.
   */
  static of(descriptor: number): FileInput | undefined {
    const file = new HeldFile(descriptor);
    if (file.hold() !== 0) return undefined;
    if (canTell(file.probe(0))) return new FileInput(file);
    file.close();
    return undefined;
  }

  /**
   * Sends a piece from the file position, advances the position, and returns the number of bytes sent. 0 means the end of
   * the file or an error of the file: a read tells which.
   */
  async pass(send: (descriptor: number, position: number) => Promise<number>): Promise<number> {
    const { position } = this.#file;
    let sent = 0;
    try {
      sent = await send(this.#file.descriptor, position);
    } catch (error) {
      if (error instanceof Error && "bytesSent" in error) sent = Number(error.bytesSent);
      if (!isOfFile(error)) throw error;
    } finally {
      if (sent > 0) this.#file.position = position + sent;
    }
    return sent;
  }

  close(): void {
    this.#file.close();
  }
}

function isOfFile(error: unknown): boolean {
  return error instanceof SocketError && error.errno !== -EPIPE && !CONNECTION_ERRORS.has(-error.errno);
}
