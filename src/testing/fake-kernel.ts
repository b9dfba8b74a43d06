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

/** Default limit of bytes that wait in one socket of a fake kernel; at the limit a send fails with EAGAIN. */
const DEFAULT_FAKE_BUFFER_BYTES = 64 * 1024;
/** The largest `bufferBytes` that the options accept; above it they throw a RangeError. */
const MAX_FAKE_BUFFER_BYTES = 16 * 1024 * 1024;
/** Default limit of open sockets of a fake kernel; a further one fails with EMFILE. */
const DEFAULT_MAX_FAKE_SOCKETS = 65_536;
/** The largest `maxSockets` that the options accept; above it they throw a RangeError. */
const MAX_FAKE_SOCKETS = 1_000_000;
const SOCKETS: readonly unknown[] = ["memory", "machine"];
const TURNS: readonly unknown[] = ["automatic", "manual"];
const { EINTR } = constants.errno;

/** The options of {@link fakeKernel}. */
export interface FakeKernelOptions {
  /**
   * The kind of sockets made from now on: `"memory"`, the default, or `"machine"` for real ones, whose calls get the same
   * scripted and random faults.
   */
  readonly sockets?: "memory" | "machine" | undefined;
  /** The most bytes that wait in a socket in memory until they are read, 1 byte to 16 MiB. Default 64 KiB. */
  readonly bufferBytes?: number | undefined;
  /** Limit of open sockets in memory, 1 to 1 000 000; a further one fails with `EMFILE`. Default 65 536. */
  readonly maxSockets?: number | undefined;
  /** `"automatic"`, the default: the kernel reports readiness by itself. `"manual"`: only in {@link FakeKernel.turn}. */
  readonly turns?: "automatic" | "manual" | undefined;
}

const FAKE_KERNEL_OPTIONS: OptionNames<FakeKernelOptions> = {
  sockets: true,
  bufferBytes: true,
  maxSockets: true,
  turns: true,
};

/** A fake kernel that replaces the system calls of this process. See {@link fakeKernel}. */
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
    const pollerFaults = {
      isInterrupted: () => this.#next("epoll_wait", -1, 0) === -EINTR || this.#randomFaults?.isInterrupted() === true,
      isSpurious: () => this.#randomFaults?.isSpurious() === true,
    };
    this.#poller = new FakePoller(() => this.#slots.all(), pollerFaults, turns === "manual");
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

  /** The number of open sockets in memory. See {@link fakeKernel}. */
  get openSockets(): number {
    return this.#slots.size;
  }

  /** The number of scripted faults that are still pending. See {@link FakeKernel.script}. */
  get scriptedFaults(): number {
    return this.#script.length;
  }

  /**
   * Sets the faults of the next calls of one kind, one for each call; later calls get random faults, if these are on, or none.
   *
   * @param socket - the socket whose calls get the faults; by default the calls of every socket.
   * @throws TypeError, RangeError for an invalid {@link Fault}.
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

  /** Returns how often a call was made, including interrupted attempts. See {@link FakeKernel.script}. */
  callCount(call: FaultyCall): number {
    checkCall(call);
    return this.#counts.get(call) ?? 0;
  }

  /**
   * Gives random faults to calls without a scripted fault from now on. Without options it turns random faults off.
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
   * Makes the next turn report every watched socket as ready, whether it is or not.
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
   * kernel.wakeSpuriously();
   * console.log(kernel.turn(), kernel.callCount("recv")); // => 1 2
   * await left.sendall("hello");
   * console.log(kernel.turn(), String(await receiving)); // => 1 hello
   * left.close();
   * right.close();
   * ```
   */
  wakeSpuriously(): this {
    this.#poller.reportAll();
    return this;
  }

  /** Reports the sockets that are ready now. Returns how many. See {@link FakeKernel.wakeSpuriously}. */
  turn(): number {
    return this.#poller.turn();
  }

  /** Restores the real kernel; calls that still wait for a socket in memory fail with `EBADF`. See {@link fakeKernel}. */
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
 * Replaces the kernel by one in memory until the caller disposes of it: every socket of layer 1, and of layer 2 on top of
 * it, that is made from now on is in memory. Such a socket behaves like a Linux socket. A test can make every system call
 * fail, move fewer bytes, or be interrupted. Sockets that exist already do not change.
 *
 * @throws Error when another fake kernel is installed · TypeError, RangeError.
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
  if (installed !== undefined) throw new Error("Another fake kernel is installed: dispose of it first");
  installed = new FakeKernel(options);
  return installed;
}
