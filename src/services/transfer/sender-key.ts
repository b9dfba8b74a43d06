import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { codeOf } from "../../socket/values.ts";
import { readSecretFile } from "../secret-file.ts";

/** Limits the bytes of the file of a key. */
export const MAX_SENDER_KEY_BYTES = 4_096;
/** What a sender signs begins with this, so that a signature made elsewhere with the same key says nothing here. */
const CONTEXT = "sockwright transfer 1\n";
/** RFC 8410: the beginning of an Ed25519 key in DER, before its 32 bytes. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * The key by which a receiver knows its sender again: Ed25519, RFC 8032. It is not for anybody else to see, and says nothing of who the
 * sender is.
 */
export class SenderKey {
  readonly #privateKey: KeyObject;
  /** The 32 bytes of the public key in base64url. */
  readonly publicKey: string;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    this.publicKey = spki.subarray(SPKI_PREFIX.length).toString("base64url");
  }

  /** A key that is kept in memory only. */
  static create(): SenderKey {
    return new SenderKey(generateKeyPairSync("ed25519").privateKey);
  }

  /**
   * Reads the key of a folder, or makes one there: `sender.key`, mode 0600.
   *
   * @throws Error when it cannot be read or written, is readable by others, or is no Ed25519 key.
   */
  static inFolder(folder: string): SenderKey {
    const path = `${folder}/sender.key`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(path)) makeKeyFile(folder, path);
    const errorOf = (reason: string, cause?: unknown): Error => new Error(`${path} ${reason}`, { cause });
    const pem = readSecretFile({ path, maxBytes: MAX_SENDER_KEY_BYTES, errorOf });
    let key: KeyObject;
    try {
      key = createPrivateKey(pem);
    } catch (error) {
      throw errorOf("has no private key in PEM: remove it, and the next transfer makes another", error);
    }
    if (key.asymmetricKeyType !== "ed25519") throw errorOf("has a key of another type than Ed25519");
    return new SenderKey(key);
  }

  /** Proves to the receiver of this challenge that the sender has the key. Returns a signature in base64url. */
  sign(challenge: string): string {
    return sign(null, signedBytes(challenge), this.#privateKey).toString("base64url");
  }
}

/** Whether whoever has the key has signed the challenge. */
export function isSignedBy(publicKey: string, challenge: string, signature: string): boolean {
  const bytes = Buffer.from(publicKey, "base64url");
  if (bytes.length !== 32) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });
    return verify(null, signedBytes(challenge), key, Buffer.from(signature, "base64url"));
  } catch {
    // Not a point of the curve.
    return false;
  }
}

function signedBytes(challenge: string): Buffer {
  return Buffer.from(CONTEXT + challenge);
}

/** Makes the file whole or not at all: two senders may start at once. */
function makeKeyFile(folder: string, path: string): void {
  const draft = `${folder}/sender-${randomUUID()}.new`;
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(draft, pem, { mode: 0o600, flag: "wx" });
  try {
    chmodSync(draft, 0o600);
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
}
