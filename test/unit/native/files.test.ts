// What of a file is in memory, and where it is read on.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { evict } from "../../support/evicted.ts";
import { pair } from "./descriptors.ts";

const { EAGAIN, EBADF, EINVAL, ENOSYS, EOPNOTSUPP, ESPIPE } = constants.errno;
const BYTES = 8 * 1024 * 1024;

function opened(path: string): number {
  const file = openSync(path, "r");
  onTestFinished(() => closeSync(file));
  return file;
}

function written(bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-native-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, Buffer.alloc(bytes, "0123456789"));
  return path;
}

test("probeFile: a byte that is in memory is 1, and behind the end there is none", () => {
  const file = opened(written(10));
  const results = [0, 9, 10, 2 ** 40, Number.MAX_SAFE_INTEGER].map((position) => kernel.probeFile(file, position));
  // tmpfs(5) and overlays cannot tell.
  if (results[0] === -EOPNOTSUPP) expect(new Set(results)).toEqual(new Set([-EOPNOTSUPP]));
  else expect(results).toEqual([1, 1, 0, 0, 0]);
});

test("probeFile: what the kernel has forgotten is EAGAIN, until it is read", (context) => {
  const path = written(BYTES);
  const file = opened(path);
  evict(context, path, file);
  const middle = BYTES / 2;
  expect(kernel.probeFile(file, middle)).toBe(-EAGAIN);
  readSync(file, Buffer.alloc(1), 0, 1, middle);
  expect(kernel.probeFile(file, middle)).toBe(1);
  // Not moved by any of that.
  expect(kernel.seekFile(file)).toBe(0);
});

test("probeFile: a system that cannot tell says so, and what is no file has no positions", () => {
  const file = opened("/proc/self/status");
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

test("seekFile: where all who share the open file read on", () => {
  const file = opened(written(10));
  const memory = Buffer.alloc(1);
  readSync(file, memory);
  expect(kernel.seekFile(file)).toBe(1);
  expect(kernel.seekFile(file, 5)).toBe(5);
  readSync(file, memory);
  expect(String(memory)).toBe("5");
  expect([kernel.seekFile(file), kernel.seekFile(file, 2 ** 40)]).toEqual([6, 2 ** 40]);
});
