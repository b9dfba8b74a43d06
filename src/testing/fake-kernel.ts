import { constants } from "node:os";
import { kernel } from "../native/load.ts";
import { dispatch, EPOLLERR, EPOLLHUP } from "../native/poller.ts";
import { checkOptions, integer, type OptionNames, wrongType, wrongValue } from "../socket/values.ts";
import { fakeCalls, type SocketCalls } from "./fake-calls.ts";
import { FakeNames } from "./fake-names.ts";
import { FakePoller } from "./fake-poller.ts";
import { FakeSlots } from "./fake-slots.ts";
import type { FakeSocket } from "./fake-socket.ts";
import { faultyCalls } from "./faulty-calls.ts";
import { checkCall, type Fault, FaultScript, type FaultyCall, type Limit } from "./kernel-fault.ts";
import { type RandomFaultOptions, RandomFaults } from "./random-faults.ts";

/** Bytes that wait in one socket of a fake kernel. */
const DEFAULT_FAKE_BUFFER_BYTES = 64 * 1024;
/** The largest buffer that the options can set. */
const MAX_FAKE_BUFFER_BYTES = 16 * 1024 * 1024;
/** Sockets of a fake kernel. */
const DEFAULT_MAX_FAKE_SOCKETS = 65_536;
/** The most sockets that the options can set. */
const MAX_FAKE_SOCKETS = 1_000_000;
const SOCKETS: readonly unknown[] = ["memory", "machine"];
const TURNS: readonly unknown[] = ["automatic", "manual"];
const { EINTR } = constants.errno;

/** What a fake kernel is like. */
export interface FakeKernelOptions {
  /**
   * Where the sockets are that are made from now on: `"memory"`, the default, or `"machine"`, which are real ones, whose
   * calls go through the same scripts and random faults.
   */
  readonly sockets?: "memory" | "machine" | undefined;
  /** What waits in a socket of memory until it is read, 1 to 16 MiB. Default 64 KiB. */
  readonly bufferBytes?: number | undefined;
  /** How many sockets of memory can be open; a further one is `EMFILE`. Default 65 536. */
  readonly maxSockets?: number | undefined;
  /** Whether readiness comes by itself, `"automatic"`, the default, or with {@link FakeKernel.turn}. */
  readonly turns?: "automatic" | "manual" | undefined;
}

const FAKE_KERNEL_OPTIONS: OptionNames<FakeKernelOptions> = {
  sockets: true,
  bufferBytes: true,
  maxSockets: true,
  turns: true,
};

/** A kernel in place of the machine's. See {@link fakeKernel}. */
export class FakeKernel implements Disposable {
  readonly #real: SocketCalls = { ...kernel };
  readonly #script = new FaultScript();
  readonly #counts = new Map<FaultyCall, number>();
  readonly #slots: FakeSlots<FakeSocket>;
  readonly #poller: FakePoller;
  #randomFaults: RandomFaults | undefined;

  /** @internal */
  constructor(options: FakeKernelOptions) {
    checkOptions("fakeKernel()", options, FAKE_KERNEL_OPTIONS);
    const { sockets = "memory", turns = "automatic" } = options;
    const { maxSockets = DEFAULT_MAX_FAKE_SOCKETS, bufferBytes = DEFAULT_FAKE_BUFFER_BYTES } = options;
    if (!SOCKETS.includes(sockets)) throw wrongValue("options.sockets", 'must be "memory" or "machine"', sockets);
    if (!TURNS.includes(turns)) throw wrongValue("options.turns", 'must be "automatic" or "manual"', turns);
    this.#slots = new FakeSlots(integer("options.maxSockets", maxSockets, 1, MAX_FAKE_SOCKETS));
    integer("options.bufferBytes", bufferBytes, 1, MAX_FAKE_BUFFER_BYTES);
    const weather = {
      isInterrupted: () => this.#next("epoll_wait", -1, 0) === -EINTR || this.#randomFaults?.isInterrupted() === true,
      isSpurious: () => this.#randomFaults?.isSpurious() === true,
    };
    this.#poller = new FakePoller(() => this.#slots.all(), weather, turns === "manual");
    const network = {
      names: new FakeNames<FakeSocket>(),
      bufferBytes,
      arrive: (action: () => void) => this.#poller.arrive(action),
    };
    const calls = sockets === "memory" ? fakeCalls(this.#real, this.#slots, network, this.#poller) : this.#real;
    Object.assign(
      kernel,
      faultyCalls(calls, (...given) => this.#next(...given)),
    );
  }

  /** How many sockets of memory are open. See {@link fakeKernel}. */
  get openSockets(): number {
    return this.#slots.size;
  }

  /** How many faults of scripts have not come yet. See {@link FakeKernel.script}. */
  get scriptedFaults(): number {
    return this.#script.length;
  }

  /**
   * Says what becomes of the next calls of a kind, one fault for each; calls after them get random faults, if those are on, or succeed.
   *
   * @param socket - whose calls; by default everybody's.
   * @throws TypeError, RangeError for what is no {@link Fault}.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   * import { fakeKernel } from "sockwright/testing";
   *
   * using kernel = fakeKernel();
   * const [left, right] = socketpair();
   * kernel.script("send", [{ atMostBytes: 3 }, "EAGAIN", "EINTR", "pass"], left);
   * await left.sendall("three bytes first");
   * console.log(String(await right.recv(1_024))); // => three bytes first
   * console.log(kernel.callCount("send"), kernel.scriptedFaults); // => 4 0
   * left.close();
   * right.close();
   * ```
   */
  script(call: FaultyCall, faults: readonly Fault[], socket?: { fileno(): number }): this {
    const isSocket = socket === undefined || (typeof socket === "object" && "fileno" in socket);
    if (!isSocket) throw wrongType("socket", "a socket", socket);
    this.#script.add(call, faults, socket?.fileno());
    return this;
  }

  /** How often a call was made, tries that were interrupted included. See {@link FakeKernel.script}. */
  callCount(call: FaultyCall): number {
    checkCall(call);
    return this.#counts.get(call) ?? 0;
  }

  /**
   * Gives calls faults at random from now on, where no script says what becomes of them. Without options it gives no more.
   *
   * @throws TypeError, RangeError.
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   * import { fakeKernel } from "sockwright/testing";
   *
   * using kernel = fakeKernel({ bufferBytes: 100 });
   * kernel.randomFaults({ seed: 7, againProbability: 0.5, shortProbability: 0.9 });
   * const [left, right] = socketpair();
   * const sent = left.sendall("x".repeat(1_000)).then(() => left.close());
   * let bytes = 0;
   * for await (const chunk of right) bytes += chunk.length;
   * await sent;
   * console.log(bytes); // => 1000
   * right.close();
   * ```
   */
  randomFaults(options?: RandomFaultOptions): this {
    this.#randomFaults = options === undefined ? undefined : new RandomFaults(options);
    return this;
  }

  /**
   * Has the next turn tell everybody who waits that its socket is ready, whether it is or not.
   *
   * @example
   * ```ts
   * import { socketpair } from "sockwright";
   * import { fakeKernel } from "sockwright/testing";
   *
   * using kernel = fakeKernel({ turns: "manual" });
   * const [left, right] = socketpair();
   * const receiving = right.recv(16);
   * console.log(kernel.turn()); // => 0
   * kernel.spurious();
   * console.log(kernel.turn(), kernel.callCount("recv")); // => 1 2
   * await left.sendall("hello");
   * console.log(kernel.turn(), String(await receiving)); // => 1 hello
   * left.close();
   * right.close();
   * ```
   */
  spurious(): this {
    this.#poller.spurious();
    return this;
  }

  /** Tells of what is ready now: of how many sockets. See {@link FakeKernel.spurious}. */
  turn(): number {
    return this.#poller.turn();
  }

  /** The machine's kernel is back; who still waits for a socket of memory gets `EBADF`. See {@link fakeKernel}. */
  [Symbol.dispose](): void {
    if (installed !== this) return;
    installed = undefined;
    Object.assign(kernel, this.#real);
    this.#poller.stop();
    for (const { slot, generation, interest } of this.#slots.all()) {
      dispatch(1, Int32Array.of(slot, generation, interest | EPOLLERR | EPOLLHUP));
    }
  }

  #next(call: FaultyCall, slot: number, most: number): Limit {
    this.#counts.set(call, (this.#counts.get(call) ?? 0) + 1);
    return this.#script.next(call, slot) ?? this.#randomFaults?.next(call, most) ?? Number.POSITIVE_INFINITY;
  }
}

let installed: FakeKernel | undefined;

/**
 * Puts a kernel of memory in place of the machine's, until it is disposed: every socket of layer 1, and of layer 2 over
 * it, that is made from now on is one of memory. It behaves as Linux's do, and every system call can be told to fail, to
 * move less, or to be interrupted. Sockets that exist already stay what they are.
 *
 * @throws Error when another one is in place · TypeError, RangeError.
 * @example
 * ```ts
 * import { socket, SocketError } from "sockwright";
 * import { fakeKernel } from "sockwright/testing";
 *
 * using kernel = fakeKernel();
 * kernel.script("socket", ["pass", "EMFILE"]);
 * const client = socket();
 * try {
 *   socket();
 * } catch (error) {
 *   console.log(error instanceof SocketError && error.code); // => EMFILE
 * }
 * console.log(kernel.openSockets); // => 1
 * client.close();
 * ```
 */
export function fakeKernel(options: FakeKernelOptions = {}): FakeKernel {
  if (installed !== undefined) throw new Error("A fake kernel is in place: dispose of it first");
  installed = new FakeKernel(options);
  return installed;
}
