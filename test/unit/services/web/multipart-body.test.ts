import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { multipartByteRanges } from "../../../../src/http/multipart-byteranges.ts";
import { FileBody } from "../../../../src/http/service/file-body.ts";
import { READ_PIECE_BYTES } from "../../../../src/services/web/file-pieces.ts";
import { multipartBody } from "../../../../src/services/web/multipart-body.ts";
import type { Representation } from "../../../../src/services/web/representation.ts";

const RANGES = [
  { first: 0, last: 1 },
  { first: 1_000, last: 1_000 + READ_PIECE_BYTES },
];
const LENGTH = 200_000;

/** A representation of a file, and the number of its parts that are held. */
async function formOf(content: Buffer) {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-multipart-"));
  const path = join(folder, "file");
  writeFileSync(path, content);
  const file = await open(path);
  onTestFinished(async () => {
    await file.close();
    rmSync(folder, { recursive: true });
  });
  let [held, isUnchanged] = [0, true];
  const form: Pick<Representation, "part"> = {
    part({ first, last }) {
      held++;
      const release = (): void => {
        held--;
      };
      return new FileBody(file, { offset: first, length: last - first + 1, isUnchanged: () => isUnchanged, release });
    },
  };
  const change = (): void => {
    isUnchanged = false;
    appendFileSync(path, "!");
  };
  return { form: form as Representation, held: () => held, change };
}

const content = Buffer.from(Array.from({ length: LENGTH }, (_, index) => index % 251));

test("the parts are sent in pieces with the promised total length, and are released", async () => {
  const { form, held } = await formOf(content);
  const multipart = multipartByteRanges(RANGES, LENGTH, "text/plain");
  const pieces: Uint8Array[] = [];
  for await (const piece of multipartBody(multipart, form)) pieces.push(piece);
  const body = Buffer.concat(pieces);
  expect([body.length, held()]).toEqual([multipart.contentLength, 0]);
  expect(body.includes(content.subarray(1_000, 1_000 + READ_PIECE_BYTES + 1))).toBe(true);
  expect(Math.max(...pieces.map(({ length }) => length))).toBe(READ_PIECE_BYTES);
});

test("an iterator that never starts, or returns early, releases its parts", async () => {
  for (const count of [0, 1, 2]) {
    const { form, held } = await formOf(content);
    const iterator = multipartBody(multipartByteRanges(RANGES, LENGTH, undefined), form)[Symbol.asyncIterator]();
    for (let piece = 0; piece < count; piece++) await iterator.next();
    await iterator.return?.();
    expect([count, held()]).toEqual([count, 0]);
  }
});

test("a file that changes during the response ends it with an error", async () => {
  const { form, held, change } = await formOf(content);
  const iterator = multipartBody(multipartByteRanges(RANGES, LENGTH, undefined), form)[Symbol.asyncIterator]();
  await iterator.next();
  change();
  await expect(iterator.next()).rejects.toThrow("changed while it was sent");
  await iterator.return?.();
  expect(held()).toBe(0);
});

test("a file that shrinks during the response ends it with an error", async () => {
  const { form } = await formOf(content.subarray(0, 500));
  const pieces = async () => {
    for await (const piece of multipartBody(multipartByteRanges(RANGES, LENGTH, undefined), form)) void piece;
  };
  await expect(pieces()).rejects.toThrow("has become shorter");
});
