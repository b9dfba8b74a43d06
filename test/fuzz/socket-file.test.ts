// The text that a file of a socket reads, however the bytes were cut: against a reference that has all of them at once.
import { expect, onTestFinished, test } from "vitest";
import { type MakefileOptions, type Newline, socketpair } from "../../src/index.ts";
import { Draw, seconds, seed, timeout } from "./fuzz-run.ts";

const NEWLINES: readonly [Newline, ...Newline[]] = [null, "", "\n", "\r", "\r\n"];
const PARTS = [
  "a",
  "bc",
  "\r",
  "\n",
  "\r\n",
  "é",
  "\u1234",
  "😀",
  "\xff\xfe",
  "\xe0",
  "\xf0\x9f",
  "longer than a buffer",
] as const;
const ENCODINGS = ["utf-8", "latin-1", "ascii", "utf-16le"] as const;
const MIN_ROUNDS = 300;

/** Bytes, some of which are not valid text. */
function bytesOf(draw: Draw): Buffer {
  const parts = Array.from({ length: draw.below(12) }, () => {
    const part = draw.one(PARTS);
    return Buffer.from(part, /^[\x80-\xff]+$/.test(part) ? "latin1" : "utf8");
  });
  return Buffer.concat(parts);
}

/** The whole text, and its lines. */
function reference(bytes: Buffer, encoding: (typeof ENCODINGS)[number], newline: Newline): string[] {
  const text =
    encoding === "latin-1" || encoding === "ascii"
      ? bytes.toString("latin1").replace(encoding === "ascii" ? /[^\0-\x7f]/g : /(?!)/g, "\ufffd")
      : new TextDecoder(encoding === "utf-8" ? "utf-8" : "utf-16le", { ignoreBOM: true }).decode(bytes);
  const whole = newline === null ? text.replace(/\r\n?/g, "\n") : text;
  const ends = newline === "" ? /\r\n|\r|\n/g : new RegExp(newline ?? "\n", "g");
  const lines: string[] = [];
  let from = 0;
  for (const end of whole.matchAll(ends)) {
    lines.push(whole.slice(from, end.index + end[0].length));
    from = end.index + end[0].length;
  }
  return from < whole.length ? [...lines, whole.slice(from)] : lines;
}

/** What is wrong; undefined when all is right. */
async function round(draw: Draw): Promise<string | undefined> {
  const newline = draw.one(NEWLINES);
  const encoding = draw.one(ENCODINGS);
  const bytes = bytesOf(draw);
  const options: MakefileOptions = { newline, encoding, buffering: draw.one([1, 2, 3, 8, 8_192]) };
  const [ours, peer] = socketpair();
  try {
    await using file = ours.makefile("r", options);
    const got: string[] = [];
    const expected = reference(bytes, encoding, newline);
    const reading = (async () => {
      const style = draw.below(4);
      for (;;) {
        if (style === 0) got.push(...(await file.readlines(1 + draw.below(9))));
        else if (style === 1) got.push(await file.read(1 + draw.below(5)));
        else if (style === 2) got.push(await file.readline(1 + draw.below(5)));
        else got.push(await file.readline());
        const isOver = style === 0 ? got.join("") === expected.join("") : got.at(-1) === "";
        if (isOver) break;
      }
      return style;
    })();
    for (let at = 0; at < bytes.length; ) {
      const cut = 1 + draw.below(4);
      await peer.sendall(bytes.subarray(at, at + cut));
      at += cut;
      if (draw.once(2)) await new Promise((resolve) => setImmediate(resolve));
    }
    peer.close();
    const style = await reading;
    const given = got.filter((each) => each !== "");
    const what = `${bytes.toString("hex")} ${encoding} ${JSON.stringify({ ...options, style })}`;
    if (given.join("") !== expected.join(""))
      return `${what}: ${JSON.stringify(given)}, not ${JSON.stringify(expected)}`;
    const hasLines = style === 0 || style === 3;
    if (hasLines && JSON.stringify(given) !== JSON.stringify(expected)) {
      return `${what}: lines ${JSON.stringify(given)}, not ${JSON.stringify(expected)}`;
    }
    return undefined;
  } finally {
    ours.close();
    peer.close();
  }
}

test("text and lines are the same at every cut", { timeout }, async () => {
  console.info(`socket file fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);
  const draw = new Draw(seed);
  const end = performance.now() + seconds * 1_000;
  for (let rounds = 0; rounds < MIN_ROUNDS || performance.now() < end; rounds++) {
    expect(await round(draw), `seed ${seed}, round ${rounds}`).toBeUndefined();
  }
});

test("a strict file returns all lines before the first wrong byte, at every cut, and then the same error each time", async () => {
  const bytes = Buffer.concat([Buffer.from("one\ntwo é\nthree"), Buffer.from([0xe2, 0x82]), Buffer.from("\nfour\n")]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const [ours, peer] = socketpair();
    onTestFinished(() => {
      for (const each of [ours, peer]) each.close();
    });
    await using file = ours.makefile("r", { errors: "strict" });
    const lines = [file.readline(), file.readline()];
    await peer.sendall(bytes.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    await peer.sendall(bytes.subarray(cut));
    expect(await Promise.all(lines)).toEqual(["one\n", "two é\n"]);
    const error = { code: "ERR_SOCKWRIGHT_ENCODING" };
    await expect(file.readline()).rejects.toMatchObject(error);
    expect(await file.read(5)).toBe("three");
    await expect(file.read(1)).rejects.toMatchObject(error);
  }
});
