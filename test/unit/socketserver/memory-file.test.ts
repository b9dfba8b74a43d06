// A file in memory, which is read and written like the file of a connection.
import { expect, test } from "vitest";
import { MemoryFile } from "../../../src/socketserver/memory-file.ts";

test("writelines() adds all or nothing, without interleaved writes, and rejects text", async () => {
  const file = new MemoryFile();
  await Promise.all([file.writelines(["a", "b", Buffer.from("c")]), file.write("d"), file.writelines(new Set(["e"]))]);
  expect(String(file.getvalue())).toBe("abcde");
  await expect(file.writelines("text" as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  await expect(file.writelines(["f", 5 as never])).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  await expect(file.writelines(["f", Buffer.alloc(1024 * 1024)])).rejects.toMatchObject({ code: "EMSGSIZE" });
  expect(String(file.getvalue())).toBe("abcde");
});

test("a finished iteration stays finished, and concurrent calls of next() resolve in order", async () => {
  const file = new MemoryFile(Buffer.from("one\ntwo\nrest"));
  const lines: AsyncIterableIterator<Buffer, undefined> = file[Symbol.asyncIterator]();
  const got = await Promise.all([lines.next(), lines.next(), lines.next(), lines.next()]);
  expect(got.map(({ value }) => String(value))).toEqual(["one\n", "two\n", "rest", "undefined"]);
  await file.write("more\n");
  expect(await lines.next()).toEqual({ done: true, value: undefined });
  expect(String(await file.readline())).toBe("more\n");
});
