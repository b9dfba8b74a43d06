import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { codeOf } from "../socket/values.ts";

/** A file that does not exist yet. */
export interface NewFile {
  readonly name: string;
  readonly text: string;
  /** Its permissions, whatever the umask is. */
  readonly mode: number;
}

/** Whether a path exists, also as a symbolic link to nothing. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Creates files in a folder, and the folder: all of them or none. Each appears under its name only when it is complete, in the
 * order of the list, so that another process never reads half of one.
 *
 * @returns the name of a file that exists already, and then nothing is created; otherwise undefined.
 * @throws the error of the file system, after which nothing is left that this call created.
 */
export function createFiles(folder: string, files: readonly NewFile[]): string | undefined {
  const made: string[] = [];
  const drafts: string[] = [];
  const created: string[] = [];
  let isDone = false;
  try {
    makeFolder(resolve(folder), made);
    for (const { text, mode } of files) {
      const draft = join(folder, `.sockwright-${randomBytes(8).toString("hex")}`);
      write(draft, text, mode, drafts);
    }
    for (const [index, { name }] of files.entries()) {
      if (!linked(drafts[index] ?? "", join(folder, name))) return name;
      created.push(join(folder, name));
    }
    isDone = true;
    return undefined;
  } finally {
    for (const path of isDone ? drafts : [...drafts, ...created.reverse()]) rmSync(path, { force: true });
    if (!isDone) removeEmpty(made);
  }
}

function write(path: string, text: string, mode: number, written: string[]): void {
  const descriptor = openSync(path, "wx", 0o600);
  written.push(path);
  try {
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a file its name, link(2): the name is taken by one process alone, with everything in the file. */
function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Creates a folder, and those above it. In /proc, which takes no folder, Node 20's own way of it does not end. */
function makeFolder(folder: string, made: string[]): void {
  try {
    mkdirSync(folder);
    made.push(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST" && statSync(folder).isDirectory()) return;
    if (code !== "ENOENT" || isThere(dirname(folder))) throw error;
    makeFolder(dirname(folder), made);
    makeFolder(folder, made);
  }
}

/** Removes the folders that were made, from the innermost to the outermost, unless another process has used one. */
function removeEmpty(made: readonly string[]): void {
  try {
    for (const folder of made.toReversed()) rmdirSync(folder);
  } catch {
    // Not empty, or removed by another process.
  }
}
