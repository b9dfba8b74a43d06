// Inboxes of transfers in temporary folders.
import { onTestFinished } from "vitest";
import type { Entry } from "../../src/services/transfer/entry.ts";
import { type FileEntry, Inbox, type InboxOptions } from "../../src/services/transfer/inbox.ts";
import type { TransferError } from "../../src/services/transfer/transfer-error.ts";
import { sha256 } from "./sha256.ts";

/** Opens an inbox that the test closes or clears. */
export function openedInbox(folder: string, options: Partial<InboxOptions> = {}): Promise<Inbox> {
  return Inbox.open(folder, { isOverwriting: false, ...options });
}

/** An inbox that closes when the test ends. */
export async function inboxIn(folder: string, options: Partial<InboxOptions> = {}): Promise<Inbox> {
  const inbox = await openedInbox(folder, options);
  onTestFinished(() => inbox.close());
  return inbox;
}

const MTIME_MS = Date.UTC(2020, 1, 2, 3, 4, 5) + 678.9;

export function offeredFile(path: string, content: string, id = 0): FileEntry {
  return { type: "file", id, path, mode: 0o640, mtimeMs: MTIME_MS, size: content.length };
}

export function offeredFolder(path: string, mode = 0o750): Entry {
  return { type: "folder", id: 0, path, mode, mtimeMs: MTIME_MS };
}

export function offeredLink(path: string, target: string): Entry {
  return { type: "link", id: 0, path, target, mode: 0o777, mtimeMs: MTIME_MS };
}

/** Offers a file, sends what is missing of it, and stores it. Returns the bytes that were there, or undefined if all were. */
export async function takenInto(inbox: Inbox, path: string, content: string): Promise<number | undefined> {
  const entry = offeredFile(path, content);
  const offered = await inbox.offer(entry);
  if (offered.type !== "wanted") return undefined;
  const { offset } = offered.file.prefix;
  await offered.file.append(Buffer.from(content).subarray(offset));
  const [error] = await inbox.store([{ entry, file: offered.file, sha256: sha256(content) }]);
  if (error !== undefined) throw error;
  return offset;
}

/** The code of the refusal of an offer. */
export async function refusalOf(offering: Promise<unknown>): Promise<string> {
  return offering.then(
    () => "taken",
    (error: TransferError) => error.code,
  );
}
