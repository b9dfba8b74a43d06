// A folder to serve with every type of file in it, and files around it that must not be served.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { AF_UNIX, SOCK_STREAM, socket } from "../../src/index.ts";

export const SECRET = "secret";

/** Makes a folder that is removed when the test ends, and returns its real path. */
export function publicFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sockwright-web-")));
  // Readable for every user, also for nobody.
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Each file has its own path as its content. */
export function writeInFolder(folder: string, ...paths: readonly (string | Buffer)[]): void {
  for (const path of paths) {
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path)]);
    if (typeof path === "string") mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(name, path);
  }
}

export function link(folder: string, links: Readonly<Record<string, string>>): void {
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(folder, path));
}

export const LONG_NAME = "n".repeat(255);
export const DEEP_PATH = Array.from({ length: 40 }, (_, depth) => `d${depth}`).join("/");

/** Names with characters that are special in URLs, shells or paths. */
export const ODD_NAMES = [
  "\u00fc",
  "a b",
  "back\\slash",
  "%41",
  "x (deleted)",
  "a;b=c",
  "#",
  "?",
  "..a",
  "a..",
  "日本",
  "-",
  "~",
];

/** Returns the path of the folder to serve. */
export function makeSiteFolder(): string {
  const around = publicFolder();
  const root = join(around, "www");
  writeInFolder(root, "file", "sub/file", "sub/deep/file", ".hidden", ".git/config", `${DEEP_PATH}/file`, LONG_NAME);
  writeInFolder(root, ...ODD_NAMES);
  writeInFolder(root, Buffer.from([0x6c, 0xe9]));
  mkdirSync(join(root, "empty"));
  for (const outside of ["outside/file", "outside/sub/file", "www-private/file"]) {
    writeInFolder(around, outside);
    writeFileSync(join(around, outside), SECRET);
  }
  link(root, {
    "to-file": "file",
    "to-sub": "sub",
    "to-link": "to-file",
    "sub/up": "../file",
    "to-root": ".",
    "out-and-in": "../www/file",
    "absolute-in": join(root, "file"),
    "absolute-sub": join(root, "sub"),
    out: "../outside/file",
    "out-sub": "../outside",
    "absolute-out": join(around, "outside/file"),
    parent: "..",
    "sub/far-out": "../../outside/file",
    neighbour: "../www-private",
    passwd: "/etc/passwd",
    slash: "/",
    itself: "itself",
    ping: "pong",
    pong: "ping",
    dangling: "none",
    "dangling-out": "../outside/none",
    "through-file": "file/none",
    zero: "/dev/zero",
    tty: "/dev/tty",
    own: "/proc/self/status",
  });
  spawnSync("mkfifo", [join(root, "fifo")]);
  link(root, { "to-fifo": "fifo", "to-socket": "socket" });
  const listener = socket(AF_UNIX, SOCK_STREAM);
  listener.bind({ path: join(root, "socket") });
  listener.close();
  return root;
}
