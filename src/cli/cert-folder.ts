import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Authority, authorityPem, newAuthority, readAuthority } from "../certificate/authority.ts";
import { CertificateError } from "../certificate/certificate-error.ts";
import { issueLeaf, type Leaf } from "../certificate/leaf.ts";
import type { SubjectAltName } from "../certificate/subject-alt-name.ts";
import { messageOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { createFiles, isThere, type NewFile } from "./new-files.ts";

export const CA_CERT = "ca.pem";
export const CA_KEY = "ca.key";

/** How long the command waits for another one that has created ca.key and not yet ca.pem. */
export const MAX_CA_WAIT_MS = 2_000;
/** How long it waits between two looks. */
const POLL_INTERVAL_MS = 10;

/** The largest file that is read as a certificate or a key. */
const MAX_PEM_BYTES = 64 * 1024;

/** Who can read what the command creates. */
const KEY_MODE = 0o600;
const CERT_MODE = 0o644;

/** A certificate from the CA of a folder, and whether that CA is new. */
export interface Issued {
  readonly leaf: Leaf;
  readonly authority: Authority;
  readonly isNewAuthority: boolean;
}

/** Returns the two files of a certificate: the key first, so that a certificate never waits for its key. */
export function leafFiles(base: string, { cert, key }: Leaf): readonly NewFile[] {
  return [
    { name: `${base}.key`, text: key, mode: KEY_MODE },
    { name: `${base}.pem`, text: cert, mode: CERT_MODE },
  ];
}

/**
 * Issues a certificate from the CA of a folder, and creates its files. A folder without a CA gets one: ca.key first, which only
 * one of several processes can create, and ca.pem last, so that nobody uses a CA before all files of this call are there.
 */
export async function issueInto(folder: string, base: string, names: readonly SubjectAltName[]): Promise<Issued> {
  const deadline = Date.now() + MAX_CA_WAIT_MS;
  for (;;) {
    // In this order: ca.pem without ca.key is not the work of another process in between.
    const hasCert = isThere(join(folder, CA_CERT));
    const hasKey = isThere(join(folder, CA_KEY));
    if (hasCert) return issueFrom(existing(folder, hasKey), folder, base, names);
    const issued = hasKey ? undefined : issueFromNew(folder, base, names);
    if (issued !== undefined) return issued;
    if (Date.now() > deadline)
      throw fileError(
        `${join(folder, CA_KEY)} exists, and ${CA_CERT} does not: put the CA's certificate beside it, or choose another --out`,
      );
    await delay(POLL_INTERVAL_MS);
  }
}

function issueFrom(authority: Authority, folder: string, base: string, names: readonly SubjectAltName[]): Issued {
  const leaf = issueLeaf(authority, names, Date.now());
  const taken = createFiles(folder, leafFiles(base, leaf));
  if (taken !== undefined) throw exists(folder, taken);
  return { leaf, authority, isNewAuthority: false };
}

/** Returns undefined when another process is first with the CA. */
function issueFromNew(folder: string, base: string, names: readonly SubjectAltName[]): Issued | undefined {
  const authority = newAuthority(owner(), Date.now());
  const { cert, key } = authorityPem(authority);
  const leaf = issueLeaf(authority, names, Date.now());
  const taken = createFiles(folder, [
    { name: CA_KEY, text: key, mode: KEY_MODE },
    ...leafFiles(base, leaf),
    { name: CA_CERT, text: cert, mode: CERT_MODE },
  ]);
  if (taken === CA_KEY || taken === CA_CERT) return undefined;
  if (taken !== undefined) throw exists(folder, taken);
  return { leaf, authority, isNewAuthority: true };
}

function existing(folder: string, hasKey: boolean): Authority {
  const place = join(folder, CA_CERT);
  if (!hasKey)
    throw fileError(`${place} exists, and ${CA_KEY} does not: put the CA's key beside it, or choose another --out`);
  try {
    return readAuthority(readPem(place), readPem(join(folder, CA_KEY)), Date.now());
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw fileError(`${place} and ${CA_KEY}: ${error.message}; choose another --out`, error);
  }
}

function readPem(path: string): string {
  try {
    // A FIFO would wait for a program that writes.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() || stat.size > MAX_PEM_BYTES) throw fileError(`${path}: it is no PEM file`);
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw fileError(`${path} cannot be read: ${messageOf(error)}`, error);
  }
}

/** Who makes a CA, for the name that clients show. */
function owner(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // The user has no entry in /etc/passwd, as in some containers.
    return hostname();
  }
}

export function exists(folder: string, name: string): CommandError {
  return fileError(`${join(folder, name)} exists: remove it, or choose another --out`);
}

export function fileError(message: string, cause?: unknown): CommandError {
  return new CommandError(message, exitCodes.usage, cause);
}
