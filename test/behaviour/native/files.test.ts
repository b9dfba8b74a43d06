// Whether a byte of a file is in memory, the position of an open file, and the lookup of a path.

import { constants as files, mkdtempSync, readSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { evict } from "../../support/evicted.ts";
import { openFile } from "../../support/open-descriptors.ts";
import { closedAtTheEnd, pair } from "./descriptors.ts";

const { EAGAIN, EBADF, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOSYS, ENOTDIR, EOPNOTSUPP, ESPIPE, EXDEV } =
  constants.errno;
const BYTES = 8 * 1024 * 1024;

function written(bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-native-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, Buffer.alloc(bytes, "0123456789"));
  return path;
}

test("probeFile returns 1 for a byte in memory, and 0 beyond the end of the file", () => {
  const file = openFile(written(10));
  const results = [0, 9, 10, 2 ** 40, Number.MAX_SAFE_INTEGER].map((position) => kernel.probeFile(file, position));
  // tmpfs(5) and overlay file systems do not support the probe.
  if (results[0] === -EOPNOTSUPP) expect(new Set(results)).toEqual(new Set([-EOPNOTSUPP]));
  else expect(results).toEqual([1, 1, 0, 0, 0]);
});

test("probeFile returns EAGAIN for a byte that is not in memory, until it is read", (context) => {
  const path = written(BYTES);
  const file = openFile(path);
  evict(context, path, file);
  const middle = BYTES / 2;
  expect(kernel.probeFile(file, middle)).toBe(-EAGAIN);
  readSync(file, Buffer.alloc(1), 0, 1, middle);
  expect(kernel.probeFile(file, middle)).toBe(1);
  // None of this moved the file position.
  expect(kernel.seekFile(file)).toBe(0);
});

test("probeFile and seekFile return an error for a file that they do not support and a closed descriptor", () => {
  const file = openFile("/proc/self/status");
  expect([EOPNOTSUPP, EINVAL, ENOSYS]).toContain(-kernel.probeFile(file, 0));
  const [socket] = pair();
  expect([
    kernel.probeFile(kernel.fileno(...socket), 0),
    kernel.seekFile(kernel.fileno(...socket)),
    kernel.seekFile(kernel.fileno(...socket), 1),
  ]).toEqual([-ESPIPE, -ESPIPE, -ESPIPE]);
  kernel.close(...socket);
  expect([kernel.probeFile(-1, 0), kernel.probeFile(2 ** 30, 0), kernel.seekFile(-1)]).toEqual([
    -EBADF,
    -EBADF,
    -EBADF,
  ]);
});

test("seekFile reads and sets the position that all users of an open file share", () => {
  const file = openFile(written(10));
  const memory = Buffer.alloc(1);
  readSync(file, memory);
  expect(kernel.seekFile(file)).toBe(1);
  expect(kernel.seekFile(file, 5)).toBe(5);
  readSync(file, memory);
  expect(String(memory)).toBe("5");
  expect([kernel.seekFile(file), kernel.seekFile(file, 2 ** 40)]).toEqual([6, 2 ** 40]);
});

/** openat2(2): RESOLVE_NO_SYMLINKS and RESOLVE_BENEATH. */
const [NO_SYMLINKS, BENEATH] = [0x04, 0x08];

test("openat2 opens a path below a directory for reading", () => {
  const folder = dirname(written(10));
  const directory = openFile(folder);
  const file = closedAtTheEnd(kernel.openat2(directory, "file", files.O_RDONLY, BENEATH));
  const memory = Buffer.alloc(20);
  expect(readSync(kernel.fileno(...file), memory)).toBe(10);
  expect(kernel.getInheritable(...file)).toBe(0);
});

test("openat2 refuses a path that leaves the directory, and a symbolic link where links are forbidden", () => {
  const folder = dirname(written(10));
  const directory = openFile(folder);
  symlinkSync("/etc/passwd", join(folder, "out"));
  symlinkSync("file", join(folder, "in"));
  const open = (path: string, resolve: number): number => kernel.openat2(directory, path, files.O_RDONLY, resolve);
  expect(["..", "/etc/passwd", "out", "../file"].map((path) => open(path, BENEATH))).toEqual(Array(4).fill(-EXDEV));
  expect(open("in", BENEATH | NO_SYMLINKS)).toBe(-ELOOP);
  closedAtTheEnd(open("in", BENEATH));
  closedAtTheEnd(open("out", 0));
});

test("openat2 returns the errno of a path that it cannot open", () => {
  const directory = openFile(dirname(written(10)));
  const open = (path: string, flags = 0, resolve = 0): number => kernel.openat2(directory, path, flags, resolve);
  expect([open("none"), open("file/x"), open(""), open("x".repeat(256)), open("x".repeat(4_095))]).toEqual([
    -ENOENT,
    -ENOTDIR,
    -ENOENT,
    -ENAMETOOLONG,
    -ENAMETOOLONG,
  ]);
  // openat2 refuses an unknown flag; open(2) ignores it.
  expect([open("file", 0, 2 ** 30), open("file", -1), open("file", 0, -1)]).toEqual([-EINVAL, -EINVAL, -EINVAL]);
  expect(kernel.openat2(2 ** 30, "file", 0, 0)).toBe(-EBADF);
});
