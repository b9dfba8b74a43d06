import { Buffer } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { codeOf, messageOf } from "../../socket/values.ts";
import { TlsOptionError, type TlsOptionName } from "./tls-error.ts";

/** The largest PEM file, in bytes: a list of revoked certificates may be long. A larger file is an error. */
export const MAX_PEM_BYTES = 16 * 1024 * 1024;

/** A PEM file by its path, or its content as bytes. */
export type PemInput = string | Uint8Array;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};

/** The name of an input in errors: the option, and the file. */
export function inputName(option: TlsOptionName, input: PemInput): string {
  return typeof input === "string" ? `${option} ${JSON.stringify(input)}` : option;
}

/** Reads a PEM file. Throws TlsOptionError where it cannot be read, or has no block whose label matches. */
export function readPem(option: TlsOptionName, input: PemInput, label: RegExp, what: string): string {
  const name = inputName(option, input);
  const text = separated(typeof input === "string" ? readText(option, input) : Buffer.from(input).toString("latin1"));
  const labels = [...text.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----\s*$/gm)].map(([, found = ""]) => found);
  if (labels.some((found) => label.test(found))) return text;
  if (labels.length > 0) {
    throw new TlsOptionError(
      option,
      `${name}: it has no ${what}, but: ${[...new Set(labels)].join(", ").toLowerCase()}`,
    );
  }
  // X.690: a DER file of any of these begins with the tag of a SEQUENCE.
  const form = text.startsWith("0") ? "it is DER: convert it to PEM with openssl, -inform der" : "it is no PEM file";
  throw new TlsOptionError(option, `${name}: ${form}`);
}

/**
 * Gives each block a line of its own: OpenSSL passes over a block behind a byte order mark, and over one that follows the last line of
 * another without a line break, as when such files are put together.
 */
function separated(pem: string): string {
  const lines = pem.replace(/(-----END [A-Z0-9 ]+-----)(?:\xef\xbb\xbf)?(?=-----BEGIN )/g, "$1\n");
  return lines.replace(/^\xef\xbb\xbf(?=-----BEGIN )/gm, "");
}

function readText(option: TlsOptionName, path: string): string {
  const fail = (reason: string, cause?: unknown): TlsOptionError =>
    new TlsOptionError(option, `${option} ${JSON.stringify(path)}: ${reason}`, { cause });
  // Without the text, which may be a private key: errors are logged.
  if (/-----BEGIN /.test(path)) {
    throw new TlsOptionError(option, `${option}: a string is the path of a file: write Buffer.from(TEXT) for PEM text`);
  }
  let descriptor: number | undefined;
  try {
    // A FIFO or a device must not hold up the process: open(2).
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw fail(stat.isDirectory() ? "it is a folder" : "it is no regular file");
    if (stat.size > MAX_PEM_BYTES) throw fail(`it has more than ${MAX_PEM_BYTES} bytes`);
    return readFileSync(descriptor, "latin1");
  } catch (error) {
    if (error instanceof TlsOptionError) throw error;
    throw fail(REASONS[String(codeOf(error))] ?? messageOf(error), error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
