// Compares the project's streams with node:net: each script runs on both and must record the same events.
import { once } from "node:events";
import { createServer, connect as netConnect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { socketpair } from "../../../src/index.ts";
import { memoryPair } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

/** Both ends of a connection. */
type Pair = readonly [near: Duplex, far: Duplex];

async function ofNode(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a server without a port");
  const near = netConnect({ port: address.port, host: "127.0.0.1", allowHalfOpen: true });
  const [[far]] = (await Promise.all([once(server, "connection"), once(near, "connect")])) as [[Socket], unknown];
  server.close();
  return [near, far];
}

async function ofLayer2(): Promise<Pair> {
  let give: (stream: Duplex) => void;
  const near = new Promise<Duplex>((resolve) => {
    give = resolve;
  });
  const client = await connected(await serving((connection) => give(connection.stream())));
  return [await near, client.stream()];
}

function inMemory(): Pair {
  const { client, server } = memoryPair();
  return [server.stream(), client.stream()];
}

function ofLayer1(): Pair {
  const [near, far] = socketpair();
  return [near.stream(), far.stream()];
}

const PAIRS: readonly (readonly [string, () => Pair | Promise<Pair>])[] = [
  ["layer 2", ofLayer2],
  ["layer 2 in memory", inMemory],
  ["layer 1", ofLayer1],
];

/** Acts on a pair of streams and records what happens. */
type Script = (near: Duplex, far: Duplex, tell: (what: string) => void) => Promise<void>;

async function play(open: () => Pair | Promise<Pair>, script: Script): Promise<string[]> {
  const [near, far] = await open();
  onTestFinished(() => {
    for (const each of [near, far]) each.destroy();
  });
  const told: string[] = [];
  await script(near, far, (what) => void told.push(what));
  return told;
}

/** Returns a function that returns all text that the far end has received so far. */
function heard(far: Duplex): () => string {
  let text = "";
  far.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  return () => text;
}

const SCRIPTS: Readonly<Record<string, Script>> = {
  async "writes call back later, in order"(near, far, tell) {
    const text = heard(far);
    near.write("a", () => tell("a"));
    near.write("", () => tell("nothing"));
    near.write("b", "latin1", () => tell("b"));
    near.write(Buffer.from("c"), () => tell("c"));
    near.write("64", "hex", () => tell("d"));
    tell("written");
    await until(() => text() === "abcd", "the text");
    await turn(5);
    tell(text());
  },
  async "corked writes wait until all corks are removed"(near, far, tell) {
    const text = heard(far);
    near.cork();
    near.write("a", () => tell("a is written"));
    near.cork();
    near.write("b");
    await turn(20);
    near.uncork();
    await turn(20);
    tell(`corked: ${text()} ${near.writableLength} ${near.writableCorked}`);
    near.uncork();
    await until(() => text() === "ab", "the text");
    tell(`${near.writableLength} ${near.writableCorked}`);
    near.cork();
    near.write("c");
    near.end("d");
    await until(() => text() === "abcd", "the end");
  },
  async "text is written in the default encoding that was set"(near, far, tell) {
    const text = heard(far);
    near.write("\u00ff");
    near.setDefaultEncoding("latin1").write("\u00ff");
    near.setDefaultEncoding("hex").write("41");
    near.write("\u00fe", "latin1");
    await until(() => text().length === 5, "the text");
    tell(text());
  },
  async "null stands for no encoding and no callback"(near, far, tell) {
    const text = heard(far);
    near.write("a", null as never, null as never);
    near.write(Buffer.from("b"), undefined as never, undefined);
    await until(() => text() === "ab", "the text");
    tell(text());
  },
  async "a write after the end fails"(near, far, tell) {
    const text = heard(far);
    near.on("error", (error: NodeJS.ErrnoException) => tell(`error ${error.code}`));
    near.write("a");
    near.end();
    near.write("b", (error) => tell(`b ${(error as NodeJS.ErrnoException | null)?.code}`));
    await new Promise((resolve) => near.once("close", resolve));
    await until(() => text() === "a", "the text");
    tell(text());
  },
  async "a write after destroy fails"(near, _far, tell) {
    near.destroy();
    near.write("b", (error) => tell(`b ${(error as NodeJS.ErrnoException | null)?.code}`));
    await once(near, "close");
  },
  async "a chunk that is not bytes or text is refused at once"(near, _far, tell) {
    near.on("error", (error: NodeJS.ErrnoException) => tell(`error ${error.code}`));
    for (const chunk of [null, 1, {}, true]) {
      try {
        near.write(chunk);
        tell("taken");
      } catch (error) {
        tell(String((error as NodeJS.ErrnoException).code));
      }
    }
    try {
      near.write("a", "klingon" as never);
    } catch (error) {
      tell(String((error as NodeJS.ErrnoException).code));
    }
    await turn(5);
  },
  async "a listener that pauses gets nothing more until it resumes"(near, far, tell) {
    let isPaused = false;
    near.on("data", (piece: Buffer) => {
      if (isPaused) tell("given while paused");
      tell(String(piece));
      near.pause();
      isPaused = true;
    });
    for (const piece of ["a", "b", "c"]) {
      far.write(piece);
      await until(() => isPaused, "a piece");
      await turn(20);
      isPaused = false;
      near.resume();
    }
    tell(`${near.readableDidRead} ${near.readableLength}`);
  },
  async "an encoding can be set between two pieces"(near, far, tell) {
    let text = "";
    near.once("data", (piece: Buffer) => {
      text += piece.toString("hex");
      near.setEncoding("utf8");
    });
    far.write("a");
    await until(() => text !== "", "the first piece");
    near.on("data", (piece: string) => {
      text += piece;
    });
    for (const byte of [0xc3, 0xa9, 0x62]) {
      far.write(Buffer.of(byte));
      await turn(20);
    }
    await until(() => text.endsWith("b"), "the last piece");
    tell(text);
  },
  async "bytes are kept while there is no listener, also after one was removed"(near, far, tell) {
    near.once("data", (piece: Buffer) => {
      tell(String(piece));
      near.pause();
    });
    far.write("a");
    await until(() => near.isPaused(), "the first piece");
    far.write("b");
    far.end("c");
    await turn(20);
    near.on("readable", () => {
      for (let piece = near.read(1) as Buffer | null; piece !== null; piece = near.read(1)) tell(String(piece));
    });
    await once(near, "end");
  },
  async "a pipe applies backpressure to the peer and loses no byte"(near, far, tell) {
    const bytes = Buffer.alloc(1_000_000, "0123456789");
    let back = 0;
    near.pipe(near);
    far.on("data", (piece: Buffer) => {
      if (piece[0] !== 48 + (back % 10)) tell(`another byte at ${back}`);
      back += piece.length;
    });
    far.end(bytes);
    await once(far, "end");
    tell(String(back));
  },
};

describe.each(PAIRS)("%s", (_name, open) => {
  test.each(Object.entries(SCRIPTS))("%s", async (_what, script) => {
    expect(await play(open, script)).toEqual(await play(ofNode, script));
  });
});

test("the peer reads exactly what was written in any sizes, encodings and corks, and each write calls back once, in order", async () => {
  const [near, far] = await ofLayer2();
  onTestFinished(() => {
    for (const each of [near, far]) each.destroy();
  });
  const read: Buffer[] = [];
  far.on("data", (piece: Buffer) => void read.push(piece));
  const written: Buffer[] = [];
  const called: number[] = [];
  let seed = 7;
  const below = (bound: number): number => {
    seed = (seed * 48_271) % 0x7fffffff;
    return seed % bound;
  };
  for (let count = 0; count < 500; count++) {
    const text = String.fromCharCode(97 + below(26)).repeat(below(4) === 0 ? below(90_000) : below(200));
    const encoding = (["utf8", "latin1", "utf16le"] as const)[below(3)] ?? "utf8";
    const chunk = below(2) === 0 ? text : Buffer.from(text, encoding);
    if (below(5) === 0) near.cork();
    written.push(Buffer.from(text, encoding));
    const drained = near.write(chunk, encoding, () => void called.push(count)) ? undefined : once(near, "drain");
    while (near.writableCorked > 0 && below(2) === 0) near.uncork();
    if (below(9) === 0) await turn();
    if (drained === undefined) continue;
    while (near.writableCorked > 0) near.uncork();
    await drained;
  }
  near.end();
  await once(far, "end");
  expect(Buffer.concat(read).equals(Buffer.concat(written))).toBe(true);
  expect(called).toEqual([...called.keys()]);
  expect(called).toHaveLength(500);
});
