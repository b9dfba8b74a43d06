// Descriptors in a message: send_fds and recv_fds.
import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { type Address, type AddressInput, type EncodedAddress, encodeNumericAddress } from "./address.ts";
import { byteCount, type Data, int32, integer, outOfRange, wrongType, wrongValue } from "./argument.ts";
import { mapPromise, type Outcome, tryPromise } from "./call.ts";
import { AF_UNIX, SCM_RIGHTS, SO_PASSCRED, SOCK_STREAM, SOL_SOCKET } from "./constants.ts";
import { type ControlMessage, controlSpace, encodeControl } from "./control-message.ts";
import type { Endpoint } from "./endpoint.ts";
import { partsOf, recvmsgCall, SendMsg } from "./message.ts";
import { getsockopt } from "./option.ts";
import { receive, refuseWaitAll } from "./receive.ts";
import { refuseZeroCopy, transmit } from "./send.ts";
import type { Socket } from "./socket.ts";
import { SocketDescriptor } from "./socket-descriptor.ts";
import { succeed } from "./socket-error.ts";
import { messageOf } from "./thrown.ts";
import { checkWait, signalOf, type WaitOptions } from "./wait-options.ts";

/** A received message with descriptors. */
export interface ReceivedDescriptors {
  /** The data, in a Buffer that the caller owns. */
  readonly data: Buffer;
  /** The descriptors, close-on-exec. The caller owns them and closes those that it does not use, with fs.closeSync(). */
  readonly fds: readonly number[];
  /** `msg_flags`: MSG_CTRUNC means that there was no room for all descriptors, and that the kernel has closed the others. */
  readonly flags: number;
  /** The sender's address; undefined on a connected stream. */
  readonly address: Address | undefined;
}

/** The most descriptors in one message; more are a RangeError. unix(7), SCM_MAX_FD. */
export const MAX_PASSED_DESCRIPTORS = 253;
/** The size of a descriptor, a C int. */
const { BYTES_PER_ELEMENT } = Int32Array;
/** struct ucred, which SO_PASSCRED puts before the descriptors. */
const SIZE_OF_UCRED = 12;

/**
 * Sends descriptors over a Unix socket, SCM_RIGHTS of unix(7) — Python's `socket.send_fds`. The receiver gets duplicates; the
 * sender keeps its own and may close them at once.
 *
 * @param buffers - the data to send with them, at most 1 024 buffers; the caller must not change it until the promise settles. A
 * stream carries descriptors with data only, at least one byte.
 * @param fds - at most 253 descriptors, as numbers or sockets. Pending sends of these sockets are made first.
 * @param flags - MSG_* of sendmsg(2). Default 0. (Python 3.11 takes `flags` and `address`, and ignores them.)
 * @param address - the destination; not needed on a connected socket.
 * @returns the number of bytes sent, on a stream perhaps not all: the descriptors go with the first byte.
 * @throws SocketError `EBADF` for a number that is no descriptor, `ETOOMANYREFS` (too many are not received yet) …, and
 * the errors of {@link Socket.sendmsg} · TypeError, RangeError.
 * @example
 * ```ts
 * import { adopt, recv_fds, send_fds, socketpair } from "sockwright";
 *
 * const [left, right] = socketpair();
 * const [ours, theirs] = socketpair();
 * await send_fds(left, ["take this"], [theirs]);
 * theirs.close();
 * const { data, fds } = await recv_fds(right, 1_024, 4);
 * const [received] = fds.map((descriptor) => adopt(descriptor));
 * await ours.sendall("hello");
 * console.log(String(data), String(await received?.recv(16))); // => take this hello
 * for (const each of [left, right, ours, received]) each?.close();
 * ```
 */
export function send_fds(
  socket: Socket<unknown>,
  buffers: readonly Data[],
  fds: readonly (number | Socket<unknown>)[],
  flags = 0,
  address?: AddressInput,
  options?: WaitOptions,
): Promise<number> {
  return tryPromise(() => {
    const endpoint = endpointOf(socket);
    endpoint.check();
    if (endpoint.family !== AF_UNIX)
      throw wrongValue("socket", "must be of AF_UNIX: no other carries descriptors", socket);
    const parts = partsOf(buffers);
    const numbers = descriptorsOf(fds);
    const isEmpty = parts.every(({ length }) => length === 0);
    if (isEmpty && numbers.length > 0 && endpoint.type === SOCK_STREAM)
      throw wrongValue("buffers", "must have a byte: a stream carries descriptors with data only", buffers);
    const checked = refuseZeroCopy(int32("flags", flags), "flags");
    const to = address === undefined ? undefined : encodeNumericAddress(AF_UNIX, address);
    checkWait("send_fds()", options);
    const signal = signalOf(options);
    // Pending sends of the passed sockets must precede the sends of their new owner.
    turn.flushTurn();
    const call = new SendDescriptors(endpoint, checked, parts, numbers, to);
    const sending = transmit(call, signal);
    if (call.promise === undefined) return sending;
    // The call waits. Meanwhile the descriptors may be closed, and their numbers reused.
    call.keep();
    const release = (): void => call.release();
    sending.then(release, release);
    return sending;
  });
}

/**
 * Receives a message with descriptors, SCM_RIGHTS of unix(7) — Python's `socket.recv_fds`. A receive that ends by a timeout, an
 * abort or a close has consumed neither data nor descriptors.
 *
 * @param count - the most bytes of data to receive; as in {@link Socket.recvmsg}.
 * @param maxFds - the most descriptors to receive, 0 to 253. The kernel closes further ones and sets MSG_CTRUNC in `flags`.
 * @param flags - MSG_* of recvmsg(2). Default 0. With MSG_PEEK the descriptors are duplicates, and the next receive returns them again.
 * @throws the errors of {@link Socket.recvmsg} · TypeError, RangeError.
 * @example See {@link send_fds}.
 */
export function recv_fds(
  socket: Socket<unknown>,
  count: number,
  maxFds: number,
  flags = 0,
  options?: WaitOptions,
): Promise<ReceivedDescriptors> {
  return tryPromise(() => {
    const endpoint = endpointOf(socket);
    byteCount("count", count);
    const most = integer("maxFds", maxFds, 0, MAX_PASSED_DESCRIPTORS);
    refuseWaitAll(endpoint, int32("flags", flags), "flags");
    checkWait("recv_fds()", options);
    const signal = signalOf(options);
    endpoint.check();
    const call = recvmsgCall(endpoint, count, { flags, control: controlBytesFor(endpoint, most) });
    return mapPromise(receive(call, signal), ({ data, control, flags, address }) => {
      return { data, fds: control.flatMap(descriptorsIn), flags, address };
    });
  });
}

/**
 * CMSG_LEN(3) and not CMSG_SPACE(3): with room for one descriptor, the padding would hold a second one, which no code would close.
 * Credentials come first (scm_recv), and would otherwise take the room of the descriptors.
 */
function controlBytesFor(endpoint: Endpoint, most: number): number {
  const withCredentials = endpoint.family === AF_UNIX && getsockopt(endpoint, SOL_SOCKET, SO_PASSCRED) !== 0;
  const forDescriptors = most === 0 ? 0 : controlSpace(0) + most * BYTES_PER_ELEMENT;
  return forDescriptors + (withCredentials && most > 0 ? controlSpace(SIZE_OF_UCRED) : 0);
}

function descriptorsIn({ level, type, data }: ControlMessage): number[] {
  if (level !== SOL_SOCKET || type !== SCM_RIGHTS) return [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const count = Math.floor(data.byteLength / BYTES_PER_ELEMENT);
  return Array.from({ length: count }, (_, index) => view.getInt32(index * BYTES_PER_ELEMENT, true));
}

/** sendmsg(2) with SCM_RIGHTS. */
class SendDescriptors extends SendMsg {
  readonly #numbers: readonly number[];
  #kept: Handle[] = [];
  #failure: Error | undefined;

  constructor(
    endpoint: Endpoint,
    flags: number,
    parts: readonly Uint8Array[],
    numbers: readonly number[],
    to: EncodedAddress | undefined,
  ) {
    super(endpoint, flags, parts, rights(numbers), to);
    this.#numbers = numbers;
  }

  override attempt(): Outcome<number> {
    if (this.#failure !== undefined) throw this.#failure;
    return super.attempt();
  }

  /** Duplicates the descriptors; from now on the call sends the duplicates, and owns them until {@link release}. */
  keep(): void {
    try {
      for (const number of this.#numbers) {
        const handle = kernel.fromfd(number);
        // sendmsg(2) returns the same error for a number that is no descriptor.
        this.#kept.push(succeed(handle, "sendmsg"));
      }
      this.control = rights(this.#kept.map((handle) => kernel.fileno(slotOf(handle), generationOf(handle))));
    } catch (error) {
      this.release();
      this.#failure = error instanceof Error ? error : new Error(messageOf(error), { cause: error });
      // Wakes the call, which then fails without waiting for space.
      this.endpoint.sending.wake(0);
    }
  }

  release(): void {
    for (const handle of this.#kept) kernel.close(slotOf(handle), generationOf(handle));
    this.#kept = [];
  }
}

function rights(numbers: readonly number[]): Uint8Array | undefined {
  if (numbers.length === 0) return undefined;
  const data = new Uint8Array(Int32Array.from(numbers).buffer);
  return encodeControl([{ level: SOL_SOCKET, type: SCM_RIGHTS, data }]);
}

function descriptorsOf(fds: unknown): readonly number[] {
  if (!Array.isArray(fds))
    throw wrongType("fds", typeof fds === "number" ? `an array, such as [${fds}]` : "an array", fds);
  if (fds.length > MAX_PASSED_DESCRIPTORS)
    throw outOfRange("fds.length", `at most ${MAX_PASSED_DESCRIPTORS}`, fds.length);
  return Array.from(fds, descriptorOf);
}

function descriptorOf(given: unknown, index: number): number {
  if (given instanceof SocketDescriptor) {
    SocketDescriptor.endpointOf(given).check();
    return given.fileno();
  }
  if (typeof given !== "number") throw wrongType(`fds[${index}]`, "of type number, or a Socket", given);
  return integer(`fds[${index}]`, given, 0, 0x7fffffff);
}

function endpointOf(socket: unknown): Endpoint {
  if (!(socket instanceof SocketDescriptor)) throw wrongType("socket", "an instance of Socket", socket);
  return SocketDescriptor.endpointOf(socket);
}
