import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { codeOf } from "../../socket/values.ts";

/** The bytes of a key. */
const KEY_SIZE = 32;

/** Reads the key with which links are signed; makes one when there is none. */
export async function linkKeyAt(path: string): Promise<Buffer> {
  try {
    const file = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      const key = randomBytes(KEY_SIZE);
      await file.write(key);
      await file.sync();
      return key;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const key = await file.readFile();
    if (key.length !== KEY_SIZE)
      throw new Error(`${path} has no key of ${KEY_SIZE} bytes: remove it, and all links end`);
    return key;
  } finally {
    await file.close();
  }
}
