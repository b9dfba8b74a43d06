import type { Link } from "../../src/server/transport/link.ts";
import { LinkDecorator } from "../../src/server/transport/link-decorator.ts";

/** XOR with a counter: no secret, but a byte that is lost, told twice or out of its place spoils all behind it. */
export function toyCipher(bytes: Uint8Array, at = 0, key = 0x5a): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ key ^ (((at + index) * 31) & 0xff)));
}

/** A link that enciphers what goes and deciphers what comes: as TLS does it, without a handshake. */
export class ToyCipher extends LinkDecorator {
  #unread: Uint8Array | undefined;
  readonly #key: number;
  #received = 0;
  #sent = 0;

  /** @param unread - cipher text that the connection has come upon already. */
  constructor(link: Link, unread?: Uint8Array, key = 0x5a) {
    super(link);
    this.#unread = unread;
    this.#key = key;
  }

  /** What is under it, for who takes it away again. */
  get base(): Link {
    return this.link;
  }

  /** What was come upon before is told first, and as all else not within the call. */
  override resume(): void {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined && unread.length > 0) queueMicrotask(() => this.received(unread));
    super.resume();
  }

  override received(bytes: Uint8Array): void {
    const at = this.#received;
    this.#received += bytes.length;
    super.received(toyCipher(bytes, at, this.#key));
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
