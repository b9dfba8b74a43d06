import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { NEXT_BODY } from "./row.ts";

/** The modification time of the files, in the three forms of RFC 9110, section 5.6.7. */
export const MODIFIED = "Sat, 15 Jun 2024 12:00:00 GMT";
export const MODIFIED_RFC_850 = "Saturday, 15-Jun-24 12:00:00 GMT";
export const MODIFIED_ASCTIME = "Sat Jun 15 12:00:00 2024";
/** One second earlier, one second later. */
export const EARLIER = "Sat, 15 Jun 2024 11:59:59 GMT";
export const LATER = "Sat, 15 Jun 2024 12:00:01 GMT";

export const LETTERS = "abcdefghijklmnopqrstuvwxyz";
export const INDEX = "<!doctype html><title>index</title>\n";
export const INNER = "inner\n";
const START = "<!doctype html><title>page</title>";
/** Long enough that each coding makes it shorter. */
const PAGE = `${START}${" ".repeat(4_000)}\n`;
export const LARGE = Buffer.alloc(3 * 1024 * 1024, LETTERS);
/** Text that no answer may contain. */
export const SECRET = "secret\n";

/** The codings of the page. */
export const CODED = {
  identity: Buffer.from(PAGE),
  gzip: gzipSync(PAGE, { level: 9 }),
  br: brotliCompressSync(PAGE),
  zstd: zstdOf(START, 4_000, "\n"),
} as const;

/** The files with other modification times. */
const MODIFIED_OTHERWISE: Readonly<Record<string, string>> = {
  "stale.html": LATER,
  // Files as a build leaves them, with compressed forms.
  "page.html.gz": LATER,
  "page.html.br": LATER,
  "page.html.zst": LATER,
  "future.txt": "Wed, 15 Jun 2095 12:00:00 GMT",
};

/**
 * Makes the site below a folder, and returns its root; files beside the root must not be served.
 *
 * @param hasLoop - whether a link leads to itself: some servers cannot start with that.
 */
export function makeSite(folder: string, hasLoop: boolean): string {
  const root = join(folder, "root");
  const files: Record<string, string | Buffer> = {
    "index.html": INDEX,
    "file.txt": LETTERS,
    "next.txt": NEXT_BODY,
    "empty.txt": "",
    "large.bin": LARGE,
    "page.html": CODED.identity,
    "page.html.gz": CODED.gzip,
    "page.html.br": CODED.br,
    "page.html.zst": CODED.zstd,
    "stale.html": "new\n",
    "stale.html.gz": gzipSync("old\n"),
    "future.txt": "future\n",
    "a b/index.html": INDEX,
    "style.css": "body{}\n",
    "script.js": "0;\n",
    "data.json": "{}\n",
    "image.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "image.png": Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    unknown: "bytes\n",
    "with space.txt": "space\n",
    "ü.txt": "umlaut\n",
    "percent%41.txt": "percent\n",
    "question?.txt": "question\n",
    "back\\slash.txt": "backslash\n",
    "folder/index.html": "<!doctype html><title>folder</title>\n",
    "folder/inner.txt": INNER,
    "folder/.hidden": SECRET,
    ".env": SECRET,
    ".git/config": SECRET,
    ".well-known/security.txt": "contact\n",
    "../secret.txt": SECRET,
    "../root-secret/secret.txt": SECRET,
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, new Date(MODIFIED), new Date(MODIFIED_OTHERWISE[name] ?? MODIFIED));
  }
  mkdirSync(join(root, "bare"));
  symlinkSync("file.txt", join(root, "to-inside"));
  symlinkSync(join(root, "file.txt"), join(root, "to-inside-absolute"));
  symlinkSync("../secret.txt", join(root, "to-outside"));
  symlinkSync(join(folder, "root-secret"), join(root, "to-folder-outside"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  if (hasLoop) symlinkSync("loop", join(root, "loop"));
  return root;
}

/** A frame of a raw block, a run-length block and a raw block: RFC 8878, section 3.1.1. Node 20 has no zstd. */
function zstdOf(start: string, spaces: number, end: string): Buffer {
  const size = start.length + spaces + end.length;
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x60, (size - 256) & 0xff, (size - 256) >> 8]);
  return Buffer.concat([
    ...[header, blockHeader(0, start.length, false), Buffer.from(start)],
    ...[blockHeader(1, spaces, false), Buffer.from(" ")],
    ...[blockHeader(0, end.length, true), Buffer.from(end)],
  ]);
}

function blockHeader(type: 0 | 1, size: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return header;
}
