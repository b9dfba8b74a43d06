// @ts-check
// Measures how late a 10 ms timer is while sockets are busy, and prints { "ticks", "p50", "p99", "max" } in ms.
// Only the CPU time that this process used after the timer was due counts as lateness: a server cannot influence the
// time that the machine, or the host of a virtual machine, gave to other processes.
// The p99 is the median of the p99 of three series: a burst of other work of the machine affects only one of them.
// Prints `listening on PORT` first. Usage: timer.mjs stream | iteration | datagrams | handlers
import { AF_INET, SOCK_DGRAM, socket } from "sockwright";

const PERIOD_MS = 10;
const SERIES = 3;
const TICKS_PER_SERIES = 120;
const WORK_MS = 0.25;
const HANDLERS = 400;

/** @type {Record<string, (begin: () => void) => void>} */
const servers = {
  stream: (begin) =>
    serve(async (peer) => {
      begin();
      while ((await peer.recv(64 * 1024)).length > 0) lateness.look();
    }),
  iteration: (begin) =>
    serve(async (peer) => {
      begin();
      for await (const _ of peer) lateness.look();
    }),
  datagrams: (begin) => {
    const udp = socket(AF_INET, SOCK_DGRAM);
    udp.bind({ host: "127.0.0.1", port: 0 });
    console.log(`listening on ${udp.getsockname().port}`);
    void (async () => {
      await udp.recv(64);
      begin();
      for await (const [data, address] of udp) {
        lateness.look();
        await udp.sendto(data, address);
      }
    })();
  },
  handlers: (begin) => {
    let connected = 0;
    serve(async (peer) => {
      if (++connected === HANDLERS) begin();
      for (;;) {
        const data = await peer.recv(64);
        if (data.length === 0) return;
        work();
        await peer.sendall(data);
      }
    });
  },
};

/** @param {(peer: import("sockwright").Socket) => Promise<void>} session */
function serve(session) {
  const listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  const listening = listener.listen();
  console.log(`listening on ${listener.getsockname().port}`);
  void listening.serve(session);
}

function work() {
  lateness.look();
  const end = performance.now() + WORK_MS;
  while (performance.now() < end);
}

/** The CPU time of this process so far, in ms. */
function computedMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

class Lateness {
  #due = 0;
  #computedBeforeDue = 0;

  /** @param {number} due */
  start(due) {
    this.#due = due;
    this.#computedBeforeDue = computedMs();
  }

  /**
   * Called at every message: the last call before the timer is due starts the measurement, so it never starts too late.
   */
  look() {
    if (performance.now() < this.#due) this.#computedBeforeDue = computedMs();
  }

  end() {
    return Math.min(performance.now() - this.#due, computedMs() - this.#computedBeforeDue);
  }
}

const lateness = new Lateness();

function measure() {
  /** @type {number[]} */
  const late = [];
  const tick = () => {
    lateness.start(performance.now() + PERIOD_MS);
    setTimeout(() => {
      late.push(lateness.end());
      if (late.length < SERIES * TICKS_PER_SERIES) tick();
      else finish(late);
    }, PERIOD_MS);
  };
  tick();
}

/** @param {number[]} late */
function finish(late) {
  const sorted = (/** @type {number[]} */ values) => [...values].sort((a, b) => a - b);
  const at = (/** @type {number[]} */ values, /** @type {number} */ share) =>
    sorted(values)[Math.floor(values.length * share)] ?? Number.NaN;
  const series = Array.from({ length: SERIES }, (_, index) =>
    late.slice(index * TICKS_PER_SERIES, (index + 1) * TICKS_PER_SERIES),
  );
  const p99 = at(
    series.map((each) => at(each, 0.99)),
    0.5,
  );
  console.log(JSON.stringify({ ticks: late.length, p50: at(late, 0.5), p99, max: Math.max(...late) }));
  process.exit();
}

let begun = false;
servers[process.argv[2] ?? ""]?.(() => {
  if (begun) return;
  begun = true;
  measure();
});
