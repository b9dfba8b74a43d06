// The parts of files that upload servers are sent: what has come of each, until it is whole.
import { constants, lstatSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

export const FOLDER = "uploads";
/** Whoever has not gone on with an upload by then begins anew. */
const PART_LIFETIME_MS = 24 * 60 * 60 * 1000;
const PART = /^\.(.+)\.\d+\.part$/;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** With the size in its name: the part of a file of another size is not gone on with. */
export function partOf(name: string, size: number): string {
  return `${FOLDER}/.${name}.${size}.part`;
}

export function openPart(part: string, beginsAnew: boolean): Promise<FileHandle> {
  return open(part, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | (beginsAnew ? O_TRUNC : 0));
}

/** But not that of a file that is `busy`: its client has come in time. */
export function removeOldParts(busy: ReadonlySet<string>): void {
  for (const entry of readdirSync(FOLDER)) {
    const [, name] = PART.exec(entry) ?? [];
    if (name === undefined || busy.has(name)) continue;
    const path = `${FOLDER}/${entry}`;
    const ageMs = Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > PART_LIFETIME_MS) rmSync(path, { force: true, recursive: true });
  }
}
