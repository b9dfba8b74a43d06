// The bytes of a file that can be sent without waiting for the disk; the test decides what is in memory.
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FILE_WINDOW_BYTES, FilePages } from "../../../src/socket/file-pages.ts";
import { until } from "../../support/until.ts";

const { EAGAIN, EBADF, EINVAL, EIO, ENOSYS, EOPNOTSUPP } = constants.errno;
const never = (): never => expect.unreachable();

/** A file of two windows; `probe` decides what is in memory, and the probed positions are recorded. */
function paged(probe: (position: number) => number, flags = "r") {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-pages-"));
  const path = join(folder, "file");
  writeFileSync(path, randomBytes(2 * FILE_WINDOW_BYTES));
  const descriptor = openSync(path, flags);
  onTestFinished(() => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  const told = { asked: [] as number[], closes: 0 };
  const pages = new FilePages({
    descriptor,
    hold: () => 0,
    probe(position) {
      told.asked.push(position);
      return probe(position);
    },
    close: () => void told.closes++,
  });
  const arrival = (position: number, length: number): Promise<void> =>
    new Promise((resolve) => {
      expect(pages.ready(position, length, resolve)).toBe(0);
    });
  return { pages, told, arrival };
}

test("FILE_WINDOW_BYTES limits the bytes per call, with a probe of the first and the last byte", () => {
  const { pages, told } = paged(() => 1);
  expect(pages.ready(5, 10 * FILE_WINDOW_BYTES, never)).toBe(FILE_WINDOW_BYTES);
  expect(pages.ready(7, 2, never)).toBe(2);
  expect(told.asked).toEqual([5, FILE_WINDOW_BYTES + 4, 7, 8]);
});

test.each([
  ["first", (position: number) => position < 100],
  ["last", (position: number) => position > 100],
])("a window whose %s byte is not in memory is read once, and then needs no further probe", async (_, isMissing) => {
  const { pages, told, arrival } = paged((position) => (isMissing(position) ? -EAGAIN : 1));
  const arrived = arrival(10, FILE_WINDOW_BYTES + 1);
  const looks = told.asked.length;
  expect(pages.ready(10, FILE_WINDOW_BYTES + 1, never)).toBe(0);
  await arrived;
  expect(pages.ready(10, FILE_WINDOW_BYTES + 1, never)).toBe(FILE_WINDOW_BYTES);
  // The socket has taken a part of the window only.
  expect(pages.ready(110, FILE_WINDOW_BYTES, never)).toBe(FILE_WINDOW_BYTES - 100);
  expect(pages.ready(110, 3, never)).toBe(3);
  expect(told.asked.length).toBe(looks);
  // Bytes after the window need a probe.
  pages.ready(FILE_WINDOW_BYTES + 10, 1, () => undefined);
  expect(told.asked.at(-1)).toBe(FILE_WINDOW_BYTES + 10);
});

test.each(Object.entries({ EOPNOTSUPP, EINVAL, ENOSYS }))(
  "%s: the file system cannot tell, so probing stops after the first attempt",
  async (_, errno) => {
    const { pages, told, arrival } = paged(() => -errno);
    await arrival(0, FILE_WINDOW_BYTES);
    for (const position of [0, FILE_WINDOW_BYTES, 2 * FILE_WINDOW_BYTES - 1]) {
      expect(pages.ready(position, FILE_WINDOW_BYTES, never)).toBe(FILE_WINDOW_BYTES);
    }
    expect(told.asked).toEqual([0]);
  },
);

test.each<[string, number]>([
  ["the end of the file", 0],
  ["EIO", -EIO],
  ["EBADF", -EBADF],
])("%s: ready does not wait, and the send finds the cause", (_, result) => {
  expect(paged(() => result).pages.ready(0, 10, never)).toBe(10);
});

test("a file that cannot be read counts as ready: the send finds the cause", async () => {
  const { pages, arrival } = paged(() => -EAGAIN, "a");
  await arrival(0, 10);
  expect(pages.ready(0, 10, never)).toBe(10);
});

test("close happens once; during a read it waits for the read and drops the callback", async () => {
  const quiet = paged(() => 1);
  quiet.pages.close();
  quiet.pages.close();
  expect(quiet.told.closes).toBe(1);
  const { pages, told } = paged(() => -EAGAIN);
  expect(pages.ready(0, 10, never)).toBe(0);
  pages.close();
  pages.close();
  expect(told.closes).toBe(0);
  await until(() => told.closes > 0, "the end of the read");
  expect(told.closes).toBe(1);
});
