import { generateKeyPairSync, type KeyObject } from "node:crypto";

/** A key and its public half. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Makes a key on P-256, which every client accepts. */
export function newKeyPair(): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** Returns a private key as PEM: PKCS #8, without a passphrase. */
export function keyPem({ privateKey }: Pick<KeyPair, "privateKey">): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
