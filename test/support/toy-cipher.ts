import type { Link } from "../../src/server/transport/link.ts";
import { LinkDecorator } from "../../src/server/transport/link-decorator.ts";

/** XOR with a counter. It protects nothing, but one byte that is lost, doubled or out of order garbles all later ones. */
export function toyCipher(bytes: Uint8Array, at = 0, key = 0x5a): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ key ^ (((at + index) * 31) & 0xff)));
}

/** A link that encrypts and decrypts the bytes of another link, as TLS does, without a handshake. */
export class ToyCipher extends LinkDecorator {
  #unread: Uint8Array | undefined;
  readonly #key: number;
  #received = 0;
  #sent = 0;

  /** @param unread - cipher text that the caller has already read from the link. */
  constructor(link: Link, unread?: Uint8Array, key = 0x5a) {
    super(link);
    this.#unread = unread;
    this.#key = key;
  }

  /** The link below, for the caller that removes the cipher. */
  get base(): Link {
    return this.link;
  }

  /** Delivers the bytes already read first, and like all others not within this call. */
  override resume(): void {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined && unread.length > 0) queueMicrotask(() => this.onReceived(unread));
    super.resume();
  }

  override onReceived(bytes: Uint8Array): void {
    const at = this.#received;
    this.#received += bytes.length;
    super.onReceived(toyCipher(bytes, at, this.#key));
  }

  override send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const part = bytes.subarray(offset, offset + length);
    const taken = super.send(toyCipher(part, this.#sent, this.#key), 0, length);
    this.#sent += taken ?? 0;
    return taken;
  }

  override sendMany(pieces: readonly Uint8Array[]): number | undefined {
    const all = Buffer.concat(pieces);
    return this.send(all, 0, all.length);
  }
}
