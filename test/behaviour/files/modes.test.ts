// Which modes of makefile() compile: a literal mode that makefile() refuses does not.
import { expect, onTestFinished, test } from "vitest";
import { type SocketFile, socketpair } from "../../../src/index.ts";

const REFUSED = { code: "ERR_INVALID_ARG_VALUE" };

test("an invalid mode does not compile, and makefile() refuses it", () => {
  const both = socketpair();
  onTestFinished(() => {
    for (const each of both) each.close();
  });
  const [ours] = both;
  // @ts-expect-error: Python's letter for text is left out.
  expect(() => ours.makefile("rt")).toThrow(expect.objectContaining(REFUSED));
  // @ts-expect-error: what reads and writes is "rw".
  expect(() => ours.makefile("r+", { buffering: 1 })).toThrow(expect.objectContaining(REFUSED));
});

test("a mode that is known only at run time compiles, and makes a file of text or of bytes", async () => {
  const both = socketpair();
  const modes: readonly string[] = ["", "wr"];
  const [ours] = both;
  const text: SocketFile<string> = ours.makefile("");
  const files: SocketFile[] = [text, ...modes.map((mode) => ours.makefile(mode))];
  const known: readonly ("r" | "rb")[] = ["r", "rb"];
  files.push(...known.map((mode) => ours.makefile(mode)));
  expect(files.map(({ mode }) => mode)).toEqual(["r", "r", "wr", "r", "rb"]);
  for (const file of files) await file.close();
  for (const each of both) each.close();
});
