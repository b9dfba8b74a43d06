import { createHash, randomBytes, scrypt } from "node:crypto";
import { CommandError, exitCodes } from "./command-error.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** The parameters of scrypt for new passwords: RFC 7914, section 2. */
const COST = 16_384;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_SIZE = 16;
const HASH_SIZE = 32;
const TOKEN_SIZE = 32;
/** Limits the bytes of a password that is read. */
const MAX_PASSWORD_BYTES = 1_024;

/** Prints an entry for a users file: with a new token, which is told on standard error, or with a password that it reads. */
export async function printUser(name: string, isPassword: boolean, streams: StandardStreams): Promise<number> {
  const lines = [`[[user]]`, `name = ${JSON.stringify(name)}`];
  if (isPassword) {
    lines.push(`password = "${await hashOf(await passwordFrom(streams))}"`);
  } else {
    const token = randomBytes(TOKEN_SIZE).toString("base64url");
    lines.push(`token = "sha256:${createHash("sha256").update(token).digest("hex")}"`);
    await streams.errors.write(Buffer.from(`the token of ${name}, which is shown only now: ${token}\n`));
  }
  await streams.output.write(Buffer.from(`${lines.join("\n")}\n`));
  return 0;
}

async function passwordFrom({ input }: StandardStreams): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of input.chunks()) {
    // A piece is valid until the next one is requested.
    pieces.push(Buffer.from(piece));
    length += piece.length;
    if (length > MAX_PASSWORD_BYTES || piece.includes(10)) break;
  }
  input.close();
  const [password = ""] = Buffer.concat(pieces).toString().split(/\r?\n/);
  if (password === "") throw usage("there is no password: write it to standard input, as one line");
  if (length > MAX_PASSWORD_BYTES) throw usage(`a password may have ${MAX_PASSWORD_BYTES} bytes`);
  return password.normalize("NFC");
}

async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(SALT_SIZE);
  const options = { cost: COST, blockSize: BLOCK_SIZE, parallelization: PARALLELIZATION };
  const hash = await new Promise<Buffer>((resolve, reject) => {
    scrypt(password, salt, HASH_SIZE, options, (error, made) => (error === null ? resolve(made) : reject(error)));
  });
  const numbers = [COST, BLOCK_SIZE, PARALLELIZATION].join(":");
  return `scrypt:${numbers}:${salt.toString("base64")}:${hash.toString("base64")}`;
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
