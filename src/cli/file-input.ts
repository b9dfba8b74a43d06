import { HeldFile } from "../socket/internal.ts";
import { CONNECTION_ERRORS, canTell, EPIPE, SocketError } from "../socket/values.ts";

/** Standard input that is a regular file: what is sent of it is as good as read, for all who share the descriptor. */
export class FileInput {
  readonly #file: HeldFile;

  private constructor(file: HeldFile) {
    this.#file = file;
  }

  /**
   * Undefined where it is better read, by threads: whoever waits for a disk, or another machine, in sendfile(2) hears no signal, and
   * which bytes that would be not every file system can tell.
   */
  static of(descriptor: number): FileInput | undefined {
    const file = new HeldFile(descriptor);
    if (file.hold() !== 0) return undefined;
    if (canTell(file.probe(0))) return new FileInput(file);
    file.close();
    return undefined;
  }

  /**
   * Has a piece sent, from where the file is read on, and reads on behind it: gives how many bytes that were. 0 is the end of the file,
   * or an error of it: reading tells which.
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
