import { type Address, decodeAddress, SOCKADDR_BYTES } from "./address.ts";

// The addon's layout: int32 address length, sockaddr_storage, int32 flags, int32 control length.
const ADDRESS_AT = 4;
const FLAGS_AT = ADDRESS_AT + SOCKADDR_BYTES;
const CONTROL_LENGTH_AT = FLAGS_AT + 4;

/** The results of recvmsg(2) besides the data: the sender's address, the flags, and the length of the control data. */
export class MessageResults {
  /** The memory that the addon writes. */
  readonly bytes = new Uint8Array(CONTROL_LENGTH_AT + 4);
  readonly #view = new DataView(this.bytes.buffer);

  get address(): Address | undefined {
    // The kernel returns the full length even when it cuts the address; the bytes behind the sockaddr are not part of it.
    return decodeAddress(this.#view, ADDRESS_AT, Math.min(this.#view.getInt32(0, true), SOCKADDR_BYTES));
  }

  get flags(): number {
    return this.#view.getInt32(FLAGS_AT, true);
  }

  get controlLength(): number {
    return this.#view.getInt32(CONTROL_LENGTH_AT, true);
  }
}
