// Reads of a file of a socket, in any order and many at once, while bytes arrive in pieces of any size: against a model that holds all
// of them in memory.
import { expect, test } from "vitest";
import {
  AF_UNIX,
  type MakefileOptions,
  type Newline,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Socket,
  type SocketFile,
  socketpair,
} from "../../src/index.ts";
import { Draw, seconds, seed, timeout } from "./fuzz-run.ts";

const MIN_ROUNDS = 200;
const NEWLINES: readonly [Newline, ...Newline[]] = [null, "", "\n", "\r", "\r\n"];
const BYTE_PARTS = ["a", "bc", "\n", "\n", "line\n", "longer than a buffer", "x".repeat(300)] as const;
const TEXT_PARTS = ["a", "\r", "\n", "\r\n", "é", "\u1234", "😀", "line\n", "longer than a buffer"] as const;
/** The lengths of the sent pieces: some end where the memory for a receive ends. */
const SIZES = [1, 2, 3, 7, 64, 1_000, 2_048, 8_192, 20_000] as const;

/** The plan of one round. */
interface Plan {
  readonly isText: boolean;
  readonly type: number;
  readonly options: MakefileOptions;
  readonly maxLineBytes: number;
  readonly maxReadBytes: number;
  readonly isUnbuffered: boolean;
  /** Timeouts of 0 now and then, and small limits. */
  readonly mayFail: boolean;
  readonly bytes: Buffer;
  /** The units of a read: bytes or characters. */
  readonly units: readonly string[];
}

type Kind = "read" | "all" | "line" | "lines" | "into" | "once" | "peek" | "next" | "recv";

/** A read that was started. */
interface Asked {
  readonly kind: Kind;
  readonly count: number | undefined;
  /** No read waited before it, and enough was sent; everything with the end. */
  readonly sent: number | undefined;
  readonly result: Promise<Result>;
}

type Result = { readonly value: readonly string[] } | { readonly code: string };

function planOf(draw: Draw): Plan {
  const isText = draw.once(2);
  const type = draw.once(4) ? SOCK_SEQPACKET : SOCK_STREAM;
  const isUnbuffered = !isText && type === SOCK_STREAM && draw.once(3);
  const mayFail = draw.once(2);
  const newline = draw.one(NEWLINES);
  const buffering = isUnbuffered ? 0 : draw.one(isText ? [-1, 2, 8, 5_000] : [-1, 1, 2, 8, 5_000]);
  // Not when each byte or two are a receive: a round must be short.
  const isLong = draw.once(4) && (buffering < 1 || buffering > 8);
  const parts = Array.from({ length: draw.below(isLong ? 2_000 : 30) }, () =>
    draw.one(isText ? TEXT_PARTS : BYTE_PARTS),
  );
  const whole = parts.join("");
  const text = isText && newline === null ? whole.replace(/\r\n?/g, "\n") : whole;
  const maxLineBytes = mayFail ? draw.one([1, 5, 30, 10_000]) : 1 << 20;
  const maxReadBytes = mayFail ? draw.one([1, 10, 400, 100_000]) : 1 << 20;
  return {
    isText,
    type,
    options: { buffering, maxLineBytes, maxReadBytes, ...(isText ? { newline } : {}) },
    maxLineBytes,
    maxReadBytes,
    isUnbuffered,
    mayFail,
    bytes: Buffer.from(whole),
    units: Array.from(text),
  };
}

/** The parts of the result, or the code of an error, or the maximum number of units. */
type Expected = readonly string[] | string | number;

class Model {
  readonly #plan: Plan;
  /** The number of UTF-8 bytes before each unit. */
  readonly #bytes: number[] = [0];
  #at = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    let total = 0;
    for (const unit of plan.units) {
      total += Buffer.byteLength(unit);
      this.#bytes.push(total);
    }
  }

  get rest(): number {
    return this.#plan.units.length - this.#at;
  }

  /** What is wrong with the result of the next read; undefined when it is right. */
  check({ kind, count, sent }: Asked, result: Result): string | undefined {
    const wait = this.#isWait(result);
    const expected = this.#expected(kind, count);
    if (wait) return this.#mustWait(kind, count, sent, expected) ? undefined : "would not have had to wait";
    if (typeof expected === "string") {
      return "code" in result && result.code === expected ? undefined : `${JSON.stringify(result)}, not ${expected}`;
    }
    if ("code" in result) return `${result.code}, not ${JSON.stringify(expected)}`;
    const { value } = result;
    const total = value.join("");
    const { length } = Array.from(total);
    if (typeof expected === "number") {
      const least = Math.min(1, expected, this.rest);
      if (length < least || length > expected) return `${length} units, not ${least} to ${expected}`;
      if (total !== this.#slice(this.#at + length)) return `${JSON.stringify(total)} at ${this.#at}`;
    } else if (JSON.stringify(value) !== JSON.stringify(expected)) {
      return `${JSON.stringify(value)}, not ${JSON.stringify(expected)}`;
    }
    if (kind !== "peek") this.#at += length;
    return undefined;
  }

  #isWait(result: Result): boolean {
    return "code" in result && result.code === "EAGAIN" && this.#plan.mayFail;
  }

  /** Whether too little was sent. For text the number of characters is unknown. */
  #mustWait(kind: Kind, count: number | undefined, sent: number | undefined, expected: Expected): boolean {
    if (sent === undefined) return true;
    if (sent > this.#plan.bytes.length) return false;
    if (this.#plan.isText || kind === "all" || kind === "lines") return true;
    if (typeof expected === "string") return true;
    const had = sent - this.#at;
    if (typeof expected === "number") return had < 1 && count !== 0;
    const needs = expected.join("").length;
    return had < needs || this.#at + needs === this.#plan.bytes.length;
  }

  #expected(kind: Kind, count = Number.POSITIVE_INFINITY): Expected {
    const { units, isUnbuffered, maxReadBytes } = this.#plan;
    if (kind === "peek" || kind === "once" || kind === "recv") return count;
    if (isUnbuffered && (kind === "read" || kind === "into")) return count;
    if (kind === "read" || kind === "into") return [this.#slice(this.#at + count)];
    if (kind === "all") {
      const isTooLong = this.#bytesBetween(this.#at, units.length) > maxReadBytes;
      return isTooLong ? "ERR_SOCKWRIGHT_READ_TOO_LONG" : [this.#slice(units.length)];
    }
    if (kind === "lines") return this.#lines(count);
    const end = this.#lineEnd(this.#at);
    if (kind === "line" && count !== Number.POSITIVE_INFINITY) return [this.#slice(Math.min(end, this.#at + count))];
    return this.#isLongLine(this.#at, end) ? "ERR_SOCKWRIGHT_LINE_TOO_LONG" : [this.#slice(end)];
  }

  #lines(hint: number): readonly string[] | string {
    const { units, maxReadBytes } = this.#plan;
    const lines: string[] = [];
    for (let at = this.#at; at < units.length && at - this.#at < hint; ) {
      const end = this.#lineEnd(at);
      if (this.#isLongLine(at, end)) return "ERR_SOCKWRIGHT_LINE_TOO_LONG";
      if (this.#bytesBetween(this.#at, end) > maxReadBytes) return "ERR_SOCKWRIGHT_READ_TOO_LONG";
      lines.push(this.#slice(end, at));
      at = end;
    }
    return lines;
  }

  #isLongLine(from: number, to: number): boolean {
    return this.#bytesBetween(from, to) > this.#plan.maxLineBytes;
  }

  #slice(to: number, from = this.#at): string {
    return this.#plan.units.slice(from, to).join("");
  }

  #bytesBetween(from: number, to: number): number {
    return (this.#bytes[to] ?? 0) - (this.#bytes[from] ?? 0);
  }

  #lineEnd(from: number): number {
    const { units, isText, options } = this.#plan;
    const newline = isText ? (options.newline ?? "\n") : "\n";
    for (let at = from; at < units.length; at++) {
      const pair = units[at] === "\r" && units[at + 1] === "\n";
      if (newline === "\r\n" ? pair : units[at] === newline) return newline === "\r\n" ? at + 2 : at + 1;
      if (newline === "" && (units[at] === "\n" || units[at] === "\r")) return pair ? at + 2 : at + 1;
    }
    return units.length;
  }
}

function partsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map((each) => String(each));
  return [String(value)];
}

function settled(promise: Promise<unknown>): Promise<Result> {
  return promise.then(
    (value) => ({ value: partsOf(value) }),
    (error: unknown) => {
      if (error instanceof Error && "code" in error) return { code: String(error.code) };
      throw error;
    },
  );
}

/** One read, of a kind that the plan allows. */
function ask(draw: Draw, plan: Plan, ours: Socket, file: SocketFile, lines: AsyncIterableIterator<unknown>) {
  const kinds: [Kind, ...Kind[]] = ["read", "line", "line", "lines", "next", "next"];
  if (draw.once(8)) kinds.push("all");
  if (!plan.isText) kinds.push("into", "once");
  if (!plan.isText && !plan.isUnbuffered) kinds.push("peek");
  if (plan.isUnbuffered && !plan.mayFail) kinds.push("recv");
  const kind = draw.one(kinds);
  const count = draw.one([0, 1, 2, 5, 5, 20, 400, 3_000, 30_000]);
  const isLimited = draw.once(2);
  switch (kind) {
    case "read":
      return { kind, count, result: file.read(count) };
    case "all":
      return { kind, count: undefined, result: file.read() };
    case "line":
      return isLimited
        ? { kind, count, result: file.readline(count) }
        : { kind, count: undefined, result: file.readline() };
    case "lines":
      // 0 means no hint.
      return { kind, count: count || undefined, result: file.readlines(count) };
    case "into": {
      const room = Buffer.alloc(count);
      return { kind, count, result: file.readinto(room).then((length) => room.subarray(0, length)) };
    }
    case "once":
      return { kind, count, result: file.read1(count) };
    case "peek":
      return { kind, count: undefined, result: file.peek() };
    case "next":
      return { kind, count: undefined, result: lines.next().then(({ value }) => value ?? "") };
    case "recv":
      return { kind, count, result: ours.recv(count) };
  }
}

/** What is wrong; undefined when all is right. */
async function round(draw: Draw): Promise<string | undefined> {
  const plan = planOf(draw);
  const [ours, peer] = socketpair(AF_UNIX, plan.type) as unknown as [Socket, Socket];
  try {
    const file = ours.makefile(plan.isText ? "r" : "rb", plan.options);
    const { buffering = -1 } = plan.options;
    // A record must fit into the buffer, or the rest of it is lost.
    const most = plan.type === SOCK_STREAM ? 1 << 20 : buffering < 0 ? 8_192 : buffering;
    let sent = 0;
    const sending = (async () => {
      // Few pieces of one byte: a round must be short.
      const size = Math.max(draw.one(SIZES), plan.bytes.length >> 6);
      while (sent < plan.bytes.length) {
        const piece = plan.bytes.subarray(sent, sent + Math.min(most, 1 + draw.below(size)));
        await peer.sendall(piece);
        sent += piece.length;
        if (draw.once(3)) await new Promise((resolve) => setImmediate(resolve));
      }
      peer.close();
      sent++;
    })();
    const lines = file[Symbol.asyncIterator]();
    const asked: Asked[] = [];
    let waiting = 0;
    const add = (
      { kind, count, result }: { kind: Kind; count: number | undefined; result: Promise<unknown> },
      before: number,
      had: number,
    ) => {
      waiting++;
      const ended = settled(result).finally(() => waiting--);
      asked.push({ kind, count, sent: before === 0 ? had : undefined, result: ended });
    };
    for (let left = draw.below(40); left > 0; left--) {
      if (plan.mayFail && draw.once(4)) ours.settimeout(draw.one([null, 0]));
      const [before, had] = [waiting, sent];
      add(ask(draw, plan, ours, file, lines), before, had);
      if (draw.once(3)) await asked.at(-1)?.result;
      else if (draw.once(2)) await new Promise((resolve) => setImmediate(resolve));
    }
    ours.settimeout(null);
    const model = new Model(plan);
    const what = `${JSON.stringify({ ...plan.options, type: plan.type, isText: plan.isText })} ${plan.bytes.length} bytes`;
    for (const [index, each] of asked.entries()) {
      const wrong = model.check(each, await each.result);
      if (wrong !== undefined) return `${what}, read ${index}, ${each.kind}(${each.count}): ${wrong}`;
    }
    for (;;) {
      const rest: Asked = { kind: "read", count: 1_000, sent: undefined, result: settled(file.read(1_000)) };
      const isOver = model.rest === 0;
      const wrong = model.check(rest, await rest.result);
      if (wrong !== undefined) return `${what}, at the end: ${wrong}`;
      if (isOver) break;
    }
    await sending;
    await file.close();
    return undefined;
  } finally {
    ours.close();
    peer.close();
  }
}

test("reads return what a file in memory returns", { timeout }, async () => {
  console.info(`socket file reads fuzz: SOCKWRIGHT_FUZZ_SEED=${seed} SOCKWRIGHT_FUZZ_SECONDS=${seconds}`);
  const draw = new Draw(seed);
  const end = performance.now() + seconds * 1_000;
  for (let rounds = 0; rounds < MIN_ROUNDS || performance.now() < end; rounds++) {
    expect(await round(draw), `seed ${seed}, round ${rounds}`).toBeUndefined();
  }
});
