import { lstat, readdir, readlink } from "node:fs/promises";
import { basename, posix, resolve } from "node:path";
import { Glob } from "../web/glob.ts";
import { checkEntryPath, type Entry, isInside } from "./entry.ts";
import { TransferError } from "./transfer-error.ts";

/** An entry without the number that the sender gives it. */
export type SourceEntry = { readonly source: string } & (
  | Omit<Entry & { type: "file" }, "id">
  | Omit<Entry & { type: "folder" }, "id">
  | Omit<Entry & { type: "link" }, "id">
);

/** What a walk finds: an entry to offer, or one that is left out, with the reason. */
export type Found =
  | { readonly type: "entry"; readonly entry: SourceEntry }
  | { readonly type: "left out"; readonly path: string; readonly error: TransferError };

/**
 * Walks files and folders, each folder before what is in it, names in the order of their bytes. It opens nothing but folders, and
 * follows no link below the given paths. A path that is given with a slash at its end means what is in the folder, as with rsync(1).
 *
 * @param paths - each becomes an entry of its last name.
 * @param exclude - patterns of the paths to leave out without a word, with what is in them; see {@link Glob}.
 */
export async function* sourceTree(paths: readonly string[], exclude: readonly string[] = []): AsyncGenerator<Found> {
  const globs = exclude.map((pattern) => new Glob(pattern, "exclude"));
  for (const path of paths) {
    const isContent = path.endsWith("/") || path === "." || path.endsWith("/.");
    const source = resolve(path);
    // With the dot, a link to a folder is the folder.
    if (isContent) yield* walk(`${source}/.`, "", globs);
    else yield* walk(source, basename(source), globs);
  }
}

async function* walk(source: string, path: string, globs: readonly Glob[]): AsyncGenerator<Found> {
  if (path !== "" && globs.some((glob) => glob.matches(`/${path}`))) return;
  let found: Found | undefined;
  try {
    found = await describe(source, path);
  } catch (error) {
    yield { type: "left out", path: path || source, error: errorOf(error) };
    return;
  }
  if (path !== "") yield found;
  if (found.type !== "entry" || found.entry.type !== "folder") return;
  let names: Buffer[];
  try {
    names = await readdir(source, { encoding: "buffer" });
  } catch (error) {
    yield { type: "left out", path: path || source, error: errorOf(error) };
    return;
  }
  for (const bytes of names.toSorted(Buffer.compare)) {
    const name = bytes.toString();
    const child = posix.join(path, name);
    if (Buffer.from(name).equals(bytes)) yield* walk(`${source}/${name}`, child, globs);
    else yield { type: "left out", path: child, error: new TransferError("BAD_NAME", "The name is not UTF-8") };
  }
}

async function describe(source: string, path: string): Promise<Found> {
  if (path !== "") checkEntryPath(path);
  const stat = await lstat(source);
  const common = { source, path, mode: stat.mode & 0o777, mtimeMs: stat.mtimeMs };
  if (stat.isFile()) return { type: "entry", entry: { type: "file", ...common, size: stat.size } };
  if (stat.isDirectory()) return { type: "entry", entry: { type: "folder", ...common } };
  if (!stat.isSymbolicLink())
    throw new TransferError("SPECIAL", "It is neither a file, a folder nor a link, and is not opened");
  const target = await readlink(source);
  if (!isInside(path, target)) throw new TransferError("OUTSIDE", "The link leads out of what is sent");
  return { type: "entry", entry: { type: "link", ...common, target } };
}

function errorOf(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
  return new TransferError("UNREADABLE", `It cannot be read: ${code}`, { cause: error });
}
