// The program of the thread that reads files for their digests, so that neither the disk nor SHA-256 delays connections.
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";

/** A request to the thread. */
export type DigestRequest =
  /** Opens a file, and answers the digest of its first `length` bytes; of all with -1. The file stays open if `keep` is true. */
  | {
      readonly type: "open";
      readonly call: number;
      readonly key: number;
      readonly path: string;
      readonly length: number;
      readonly keep: boolean;
    }
  /** Answers the digest of the first `length` bytes of an open file, which are not fewer than before. */
  | { readonly type: "advance"; readonly call: number; readonly key: number; readonly length: number }
  | { readonly type: "close"; readonly key: number };

/** The answer of the thread: the digest in hexadecimal, or the `code` of an error. `ERR_SHORT`: the file has fewer bytes. */
export type DigestReply =
  | { readonly call: number; readonly sha256: string }
  | { readonly call: number; readonly code: string; readonly message: string };

/** Bytes read at once: in between, other files have their turn. */
const READ_SIZE = 1024 * 1024;

interface OpenFile {
  readonly descriptor: number;
  readonly hash: Hash;
  length: number;
}

const files = new Map<number, OpenFile>();
const buffer = Buffer.allocUnsafeSlow(READ_SIZE);

parentPort?.on("message", (request: DigestRequest) => {
  if (request.type === "close") {
    const file = files.get(request.key);
    files.delete(request.key);
    if (file !== undefined) closeSync(file.descriptor);
    return;
  }
  void answer(request).then((reply) => parentPort?.postMessage(reply));
});

async function answer(request: Exclude<DigestRequest, { type: "close" }>): Promise<DigestReply> {
  const { call, key, length } = request;
  try {
    const file = request.type === "open" ? open(request.path) : files.get(key);
    if (file === undefined) throw Object.assign(new Error("The file is closed"), { code: "EBADF" });
    if (request.type === "open" && request.keep) files.set(key, file);
    try {
      await advance(file, length);
      return { call, sha256: file.hash.copy().digest("hex") };
    } finally {
      if (request.type === "open" && !request.keep) closeSync(file.descriptor);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "ERR_UNKNOWN";
    return { call, code, message: error instanceof Error ? error.message : String(error) };
  }
}

function open(path: string): OpenFile {
  return { descriptor: openSync(path, "r"), hash: createHash("sha256"), length: 0 };
}

async function advance(file: OpenFile, length: number): Promise<void> {
  while (length < 0 || file.length < length) {
    const wanted = length < 0 ? READ_SIZE : Math.min(READ_SIZE, length - file.length);
    const bytes = readSync(file.descriptor, buffer, 0, wanted, file.length);
    if (bytes === 0 && length < 0) return;
    if (bytes === 0) throw Object.assign(new Error("The file is shorter"), { code: "ERR_SHORT" });
    file.hash.update(buffer.subarray(0, bytes));
    file.length += bytes;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
