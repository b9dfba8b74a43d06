// @ts-check
// R16. Random sequences of operations on both ends of a connection (open, write, stop reading, end, close, abort,
// throw, and write from within a handler) against a model of the allowed results: the received bytes are a prefix of
// the sent bytes, all of them unless one end gave up, and each connection ends once.
import { connect } from "sockwright/server";
import { holdings, reportHoldings } from "../holdings.mjs";
import { serveHere, until, warm } from "../loopback.mjs";
import { part } from "../options.mjs";
import { integer, randomOf, seed } from "../random.mjs";
import { Report } from "../report.mjs";

const sequences = part(100_000);
const AT_ONCE = 20;
const OPERATIONS = 20;
const MAX_WRITE_BYTES = 100_000;

const pattern = Buffer.from(Uint8Array.from({ length: 65_521 + MAX_WRITE_BYTES }, (_, at) => (at % 65_521) * 31));
/** The bytes at a position of every stream. @param {number} at @param {number} length */
const stretch = (at, length) => pattern.subarray(at % 65_521, (at % 65_521) + length);

/** One end of a connection, and the model's state of it. */
class End {
  sent = 0;
  received = 0;
  /** The bytes differ from those that the other end sent. */
  isDamaged = false;
  /** This end gave up: bytes in transit may be lost. */
  hasGivenUp = false;
  hasEnded = false;
  /** How reading has ended: with "end", or with the code of an error. */
  /** @type {string | undefined} */
  ending;
  broken = "";
  #throws = false;
  #echoes = false;

  /** @param {import("sockwright/server").Connection} connection */
  constructor(connection) {
    this.connection = connection;
  }

  /** By onBytes, or by reads that pause now and then. @param {boolean} isPush @param {() => number} random */
  async read(isPush, random) {
    try {
      if (isPush) await this.connection.onBytes((bytes) => this.#take(bytes));
      else {
        for await (const piece of this.connection) {
          this.#take(piece);
          if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
        }
      }
      this.ending = "end";
    } catch (error) {
      this.ending = String(Reflect.get(Object(error), "code") ?? Reflect.get(Object(error), "message"));
      if (this.ending === "thrown") this.connection.abort();
    }
  }

  /** @param {Uint8Array} bytes */
  #take(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, MAX_WRITE_BYTES);
      const expected = stretch(this.received, length);
      if (Buffer.compare(bytes.subarray(at, at + length), expected) !== 0) this.isDamaged = true;
      this.received += length;
      at += length;
    }
    if (this.#throws) {
      this.hasGivenUp = true;
      throw new Error("thrown");
    }
    if (this.#echoes) {
      this.#echoes = false;
      this.write(100);
    }
  }

  /** @param {number} length */
  write(length) {
    const before = this.connection.stats().bytesWritten + this.connection.stats().bytesWaiting;
    try {
      this.connection.write(stretch(this.sent, length));
      const added = this.connection.stats().bytesWritten + this.connection.stats().bytesWaiting - before;
      // No bytes once the connection is lost; otherwise all or none.
      if (added === length) this.sent += length;
      else if (this.connection.signal.aborted === false) this.broken = `${added} of ${length} bytes were taken`;
      if (this.hasEnded && added === length) this.broken = "a write after the end was taken";
    } catch (error) {
      const code = Reflect.get(Object(error), "code");
      if (code !== "ERR_SOCKWRIGHT_ENDED" || !this.hasEnded) this.broken = `a write threw ${code}`;
    }
  }

  /** @param {number} which @param {() => number} random */
  operate(which, random) {
    switch (which) {
      case 0:
      case 1:
      case 2:
      case 3:
        this.write(1 + Math.floor(MAX_WRITE_BYTES ** random()));
        break;
      case 4:
        this.#echoes = true;
        break;
      case 5:
        this.hasEnded = true;
        this.connection.end().catch(() => {});
        break;
      case 6:
        // close() discards what still arrives.
        this.hasEnded = true;
        this.hasGivenUp = true;
        this.connection.close().catch(() => {});
        break;
      case 7:
        if (random() < 0.5) break;
        this.hasEnded = true;
        this.hasGivenUp = true;
        this.connection.abort();
        break;
      case 8:
        if (random() < 0.8) break;
        this.#throws = true;
    }
  }
}

/** @type {Map<number, (end: End) => void>} */
const expected = new Map();
/** @type {Map<number, number>} */
const finished = new Map();
const { server, url } = await serveHere(async (connection) => {
  const number = (await connection.readExactly(4)).readUInt32LE();
  const end = new End(connection);
  const isOver = new Promise((resolve) => over.set(number, () => resolve(undefined)));
  expected.get(number)?.(end);
  await isOver;
  finished.set(number, (finished.get(number) ?? 0) + 1);
});
/** @type {Map<number, () => void>} */
const over = new Map();

/** Returns what is wrong with a sequence, or undefined. @param {number} number */
async function run(number) {
  const random = randomOf((seed + number) % 2 ** 32);
  const arrived = new Promise((/** @type {(end: End) => void} */ resolve) => expected.set(number, resolve));
  const connection = await connect(url);
  const name = Buffer.alloc(4);
  name.writeUInt32LE(number);
  connection.write(name);
  const far = await arrived;
  const near = new End(connection);
  const ends = [near, far];
  const reading = [near.read(random() < 0.5, random), far.read(random() < 0.5, random)];
  for (let left = OPERATIONS; left > 0; left--) {
    ends[integer(random, 2)]?.operate(integer(random, 9), random);
    if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const end of ends) {
    if (!end.hasEnded) {
      end.hasEnded = true;
      end.connection.end().catch(() => {});
    }
  }
  await Promise.all(reading);
  over.get(number)?.();
  await connection.close().catch(() => {});
  for (const map of [over, expected]) map.delete(number);
  const hasGivenUp = near.hasGivenUp || far.hasGivenUp;
  for (const [end, other] of /** @type {const} */ ([
    [near, far],
    [far, near],
  ])) {
    if (end.broken !== "") return end.broken;
    if (end.isDamaged) return "other bytes than were sent";
    if (end.received > other.sent) return "more bytes than were sent";
    if (!hasGivenUp && end.received !== other.sent) return `${end.received} of ${other.sent} bytes`;
    if (!hasGivenUp && end.ending !== "end") return `ended by ${end.ending}`;
  }
  return undefined;
}

const report = new Report(`R16: ${sequences.toLocaleString("en-US")} random sequences of operations against a model`);
await warm();
const before = holdings();
/** @type {Map<string, number>} */
const wrong = new Map();
/** @type {number | undefined} */
let firstBad;
for (let number = 0; number < sequences; ) {
  const batch = Array.from({ length: Math.min(AT_ONCE, sequences - number) }, () => number++);
  const results = await Promise.all(batch.map(run));
  for (const [at, what] of results.entries()) {
    if (what === undefined) continue;
    wrong.set(what, (wrong.get(what) ?? 0) + 1);
    firstBad ??= (seed + (batch[at] ?? 0)) % 2 ** 32;
  }
}
await until(() => server.connections().length === 0);
report.note("first seed", seed);
for (const [what, count] of wrong) report.note(`wrong: ${what}`, count);
if (firstBad !== undefined) report.note("first seed that failed", firstBad);
const count = [...wrong.values()].reduce((sum, each) => sum + each, 0);
report.exactly("sequences that were not as the model has them", count, 0);
report.exactly("sessions that finished once", [...finished.values()].filter((times) => times === 1).length, sequences);
await until(() => holdings().timers <= before.timers);
reportHoldings(report, before);
await server.close();
report.end();
