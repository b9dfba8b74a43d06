import { constants } from "node:os";
import { EHOSTDOWN, ENONET, integer, wrongType, wrongValue } from "../socket/values.ts";

/** The name of an error of the kernel, as in errno(3): `"EAGAIN"`. */
export type ErrnoName = keyof typeof constants.errno | "ENONET" | "EHOSTDOWN";

/**
 * The fault of one system call. `"pass"`: the call is made. The name of an error: the call fails with it. `atMostBytes`: the
 * call moves at most so many bytes of a stream. A call that gets `"EINTR"` is retried at once, as always below layer 1;
 * only a `connect` is not, and goes on in the background.
 */
export type Fault = "pass" | ErrnoName | { readonly atMostBytes: number };

const FAULTY_CALLS = [
  "socket",
  "socketpair",
  "dup",
  "bind",
  "listen",
  "accept",
  "connect",
  "shutdown",
  "getsockname",
  "getpeername",
  "recv",
  "recvfrom",
  "recvmsg",
  "send",
  "sendto",
  "sendmsg",
  "sendfile",
  "preadv2",
  "lseek",
  "getsockopt",
  "setsockopt",
  "poll",
  "epoll_ctl",
  "epoll_wait",
] as const;

/** The system calls that {@link FakeKernel.script} accepts, by their C names. */
export type FaultyCall = (typeof FAULTY_CALLS)[number];

/** A fault as a number: a negated errno, or the most bytes that the call moves. */
export type Limit = number;

/** Limit of pending faults of scripts; beyond it {@link FakeKernel.script} throws a RangeError. */
const MAX_SCRIPT_FAULTS = 1_000_000;
const ERRNOS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(constants.errno),
  ["ENONET", ENONET],
  ["EHOSTDOWN", EHOSTDOWN],
]);

/** Converts a fault to a number. @throws TypeError, RangeError with its index in the script. */
function limitOf(fault: unknown, name: string): Limit {
  if (fault === "pass") return Number.POSITIVE_INFINITY;
  if (typeof fault === "object" && fault !== null) {
    return integer(`${name}.atMostBytes`, "atMostBytes" in fault ? fault.atMostBytes : undefined, 1, 0x7fffffff);
  }
  const errno = typeof fault === "string" ? ERRNOS.get(fault) : undefined;
  if (errno === undefined) throw wrongValue(name, 'must be "pass", the name of an errno, or { atMostBytes }', fault);
  return -errno;
}

/** The scripted faults of a fake kernel, in order for each call. */
export class FaultScript {
  readonly #faults = new Map<string, Limit[]>();
  #length = 0;

  /** The number of faults that are still pending. */
  get length(): number {
    return this.#length;
  }

  /** Appends faults of a call; `slot` limits them to one socket. */
  add(call: FaultyCall, faults: readonly Fault[], slot: number | undefined): void {
    checkCall(call);
    if (!Array.isArray(faults)) throw wrongType("faults", 'an array, such as ["EAGAIN"]', faults);
    const limits = faults.map((fault, index) => limitOf(fault, `faults[${index}]`));
    integer("faults.length", this.#length + limits.length, 0, MAX_SCRIPT_FAULTS);
    const key = keyOf(call, slot);
    this.#faults.set(key, [...(this.#faults.get(key) ?? []), ...limits]);
    this.#length += limits.length;
  }

  /** Removes and returns the next fault of a call, first those of its socket. */
  next(call: FaultyCall, slot: number): Limit | undefined {
    if (this.#length === 0) return undefined;
    const limit = this.#faults.get(keyOf(call, slot))?.shift() ?? this.#faults.get(keyOf(call, undefined))?.shift();
    if (limit !== undefined) this.#length--;
    return limit;
  }
}

/** Checks the name of a call. @throws TypeError for one that no script accepts. */
export function checkCall(call: FaultyCall): void {
  if (!FAULTY_CALLS.includes(call)) throw wrongValue("call", `must be one of ${FAULTY_CALLS.join(", ")}`, call);
}

function keyOf(call: FaultyCall, slot: number | undefined): string {
  return slot === undefined ? call : `${call} ${slot}`;
}
