import { generateKeyPairSync } from "node:crypto";
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isSignedBy, MAX_SENDER_KEY_BYTES, SenderKey } from "../../../../src/services/transfer/sender-key.ts";
import { temporaryFolder } from "../../../support/folders.ts";

test("a signature is for one challenge and one key", () => {
  const [key, other] = [SenderKey.create(), SenderKey.create()];
  const signature = key.sign("challenge");
  expect(isSignedBy(key.publicKey, "challenge", signature)).toBe(true);
  expect(isSignedBy(key.publicKey, "another", signature)).toBe(false);
  expect(isSignedBy(other.publicKey, "challenge", signature)).toBe(false);
  expect(isSignedBy(key.publicKey, "challenge", signature.slice(2))).toBe(false);
  expect(isSignedBy("", "challenge", signature)).toBe(false);
  expect(isSignedBy(Buffer.alloc(32, 0xff).toString("base64url"), "challenge", signature)).toBe(false);
});

test("a folder has one key, for its owner alone", () => {
  const folder = `${temporaryFolder()}/state/sockwright`;
  const key = SenderKey.inFolder(folder);
  expect(SenderKey.inFolder(folder).publicKey).toBe(key.publicKey);
  expect(readdirSync(folder)).toEqual(["sender.key"]);
  expect(statSync(`${folder}/sender.key`).mode & 0o7777).toBe(0o600);
  chmodSync(`${folder}/sender.key`, 0o644);
  expect(() => SenderKey.inFolder(folder)).toThrow(/sender\.key can be read or written by others/);
});

test.each([
  ["", /has no private key in PEM/],
  ["nonsense", /has no private key in PEM/],
  [generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }), /Ed25519/],
  ["x".repeat(MAX_SENDER_KEY_BYTES + 1), /more than 4096 bytes/],
])("a file of another kind is named", (content, reason) => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/sender.key`, content, { mode: 0o600 });
  expect(() => SenderKey.inFolder(folder)).toThrow(reason);
});
