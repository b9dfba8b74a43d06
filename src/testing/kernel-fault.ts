// Faults of a fake kernel, by script: what becomes of each call.
import { constants } from "node:os";
import { EHOSTDOWN, ENONET, integer, wrongType, wrongValue } from "../socket/values.ts";

/** The name of an error of the kernel, as in errno(3): `"EAGAIN"`. */
export type ErrnoName = keyof typeof constants.errno | "ENONET" | "EHOSTDOWN";

/**
 * What becomes of one system call: `"pass"`, it is made; the name of an error, it fails with that; `atMostBytes`, it moves
 * no more of a stream than that. `"EINTR"` is tried again at once, as always below layer 1; only a `connect` goes on
 * without an answer.
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

/** The calls that {@link FakeKernel.script} takes, under the names of C. */
export type FaultyCall = (typeof FAULTY_CALLS)[number];

/** A fault as the calls take it: a negated errno, or the most that is moved. */
export type Limit = number;

/** Faults that a script still has, at most. */
const MAX_SCRIPT_FAULTS = 1_000_000;
const ERRNOS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(constants.errno),
  ["ENONET", ENONET],
  ["EHOSTDOWN", EHOSTDOWN],
]);

/** A fault as a number. @throws TypeError, RangeError with its place in the script. */
function limitOf(fault: unknown, name: string): Limit {
  if (fault === "pass") return Number.POSITIVE_INFINITY;
  if (typeof fault === "object" && fault !== null) {
    return integer(`${name}.atMostBytes`, "atMostBytes" in fault ? fault.atMostBytes : undefined, 1, 0x7fffffff);
  }
  const errno = typeof fault === "string" ? ERRNOS.get(fault) : undefined;
  if (errno === undefined) throw wrongValue(name, 'must be "pass", the name of an errno, or { atMostBytes }', fault);
  return -errno;
}

/** The faults that were asked for, of each call in their order. */
export class FaultScript {
  readonly #faults = new Map<string, Limit[]>();
  #length = 0;

  /** How many have not come yet. */
  get length(): number {
    return this.#length;
  }

  /** `slot` limits them to one socket. */
  add(call: FaultyCall, faults: readonly Fault[], slot: number | undefined): void {
    checkCall(call);
    if (!Array.isArray(faults)) throw wrongType("faults", 'an array, such as ["EAGAIN"]', faults);
    const limits = faults.map((fault, index) => limitOf(fault, `faults[${index}]`));
    integer("faults.length", this.#length + limits.length, 0, MAX_SCRIPT_FAULTS);
    const key = keyOf(call, slot);
    this.#faults.set(key, [...(this.#faults.get(key) ?? []), ...limits]);
    this.#length += limits.length;
  }

  /** The next fault of this call, those of its socket first. */
  next(call: FaultyCall, slot: number): Limit | undefined {
    if (this.#length === 0) return undefined;
    const limit = this.#faults.get(keyOf(call, slot))?.shift() ?? this.#faults.get(keyOf(call, undefined))?.shift();
    if (limit !== undefined) this.#length--;
    return limit;
  }
}

/** @throws TypeError for a call that no script takes. */
export function checkCall(call: FaultyCall): void {
  if (!FAULTY_CALLS.includes(call)) throw wrongValue("call", `must be one of ${FAULTY_CALLS.join(", ")}`, call);
}

function keyOf(call: FaultyCall, slot: number | undefined): string {
  return slot === undefined ? call : `${call} ${slot}`;
}
