import { kernel } from "../native/load.ts";
import * as turn from "../native/turn.ts";
import { type Address, type AddressInput, type EncodedAddress, encodeNumericAddress } from "./address.ts";
import { byteCount, bytesOf, type Data, intact, integer, outOfRange, viewOf, wrongType } from "./argument.ts";
import { allocateReceiveBuffer } from "./buffer-pool.ts";
import { type Outcome, tryPromise, WOULD_BLOCK } from "./call.ts";
import { MSG_CMSG_CLOEXEC } from "./constants.ts";
import { type ControlMessage, decodeControl, encodeControl, MAX_CONTROL_BYTES } from "./control-message.ts";
import type { Endpoint } from "./endpoint.ts";
import { MessageResults } from "./message-results.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { checkReceived, flagsOf, ReceiveCall, type ReceiveOptions, receive, refuseWaitAll } from "./receive.ts";
import { checkSent, retryByTimer, SendCall, type SendOptions, sendFlags, transmit } from "./send.ts";
import { signalOf } from "./wait-options.ts";

/** The result of recvmsg(2) except the data. */
export interface MessageDetails {
  /** The control messages, in order. Descriptors of SCM_RIGHTS are the caller's to close. */
  readonly control: readonly ControlMessage[];
  /** `msg_flags`: MSG_TRUNC, MSG_CTRUNC, MSG_EOR … */
  readonly flags: number;
  /** Where it came from; undefined on a connected stream. */
  readonly address: Address | undefined;
}

/** A received message in a Buffer of its own. */
export interface Message extends MessageDetails {
  readonly data: Buffer;
}

/** A received message in the caller's memory. */
export interface MessageInto extends MessageDetails {
  readonly bytes: number;
}

/** The options of a receive of a message. */
export interface ReceiveMessageOptions extends ReceiveOptions {
  /** The buffer size for control messages, in bytes; see CMSG_SPACE(3). Default 0: none are received. */
  readonly control?: number | undefined;
}

/** The options of a send of a message. */
export interface SendMessageOptions extends SendOptions {
  readonly control?: readonly ControlMessage[] | undefined;
  /** Where to send it; none on a connected socket. */
  readonly address?: AddressInput | undefined;
}

const RECEIVE_MESSAGE_OPTIONS: OptionNames<ReceiveMessageOptions> = { signal: true, flags: true, control: true };
const SEND_MESSAGE_OPTIONS: OptionNames<SendMessageOptions> = {
  signal: true,
  flags: true,
  control: true,
  address: true,
};

/** The most buffers that sendmsg and recvmsg take; more are a RangeError. sysconf(3), _SC_IOV_MAX. */
export const MAX_BUFFERS = 1024;

const results = new MessageResults();
const NO_DETAILS: MessageDetails = { control: [], flags: 0, address: undefined };

/** sendmsg(2). */
export function sendmsg(
  endpoint: Endpoint,
  buffers: readonly Data[],
  options: SendMessageOptions | undefined,
): Promise<number> {
  return tryPromise(() => transmit(sendmsgCall(endpoint, buffers, options), signalOf(options)));
}

/** recvmsg(2) into an owned Buffer. */
export function recvmsg(
  endpoint: Endpoint,
  count: number,
  options: ReceiveMessageOptions | undefined,
): Promise<Message> {
  return tryPromise(() => receive(recvmsgCall(endpoint, count, options), signalOf(options)));
}

/** recvmsg(2) into the caller's buffers, one after the other. */
export function recvmsgInto(
  endpoint: Endpoint,
  buffers: readonly NodeJS.ArrayBufferView[],
  options: ReceiveMessageOptions | undefined,
): Promise<MessageInto> {
  return tryPromise(() => receive(recvmsgIntoCall(endpoint, buffers, options), signalOf(options)));
}

/** Makes the call of {@link sendmsg}, and does not run it. */
export function sendmsgCall(
  endpoint: Endpoint,
  buffers: readonly Data[],
  options: SendMessageOptions | undefined,
): SendCall<number> {
  const parts = partsOf(buffers);
  checkOptions("sendmsg()", options, SEND_MESSAGE_OPTIONS, SEND_FORM);
  const control = options?.control === undefined ? undefined : encodeControl(options.control);
  // It may carry descriptors of sockets (SCM_RIGHTS), whose sends leave before their new owner's.
  if (control !== undefined) turn.flushTurn();
  const to =
    options?.address === undefined
      ? undefined
      : encodeNumericAddress(endpoint.family, options.address, "options.address");
  return new SendMsg(endpoint, sendFlags(options), parts, control, to);
}

/** The bytes of several buffers that are to be sent as one message. */
export function partsOf(buffers: unknown): readonly Uint8Array[] {
  return list(buffers, bytesOf);
}

/** Makes the call of {@link recvmsg}. */
export function recvmsgCall(
  endpoint: Endpoint,
  count: number,
  options: ReceiveMessageOptions | undefined,
): ReceiveCall<Message> {
  const most = byteCount("count", count);
  const { flags, controlBytes } = receiveOptions(endpoint, "recvmsg()", options);
  return new RecvMsg(endpoint, flags, most, controlBytes);
}

/** Makes the call of {@link recvmsgInto}. */
export function recvmsgIntoCall(
  endpoint: Endpoint,
  buffers: readonly NodeJS.ArrayBufferView[],
  options: ReceiveMessageOptions | undefined,
): ReceiveCall<MessageInto> {
  const rooms = list(buffers, (name, buffer) => viewOf(name, buffer));
  const { flags, controlBytes } = receiveOptions(endpoint, "recvmsg_into()", options);
  return new RecvMsgInto(endpoint, flags, rooms, controlBytes);
}

const SEND_FORM = ", such as { control: [{ level, type, data }], flags: 0, address }";

function controlForm(control: number): string {
  return `, such as { control: ${control} }`;
}

function receiveOptions(
  endpoint: Endpoint,
  call: string,
  options: ReceiveMessageOptions | undefined,
): { readonly flags: number; readonly controlBytes: number } {
  checkOptions(call, options, RECEIVE_MESSAGE_OPTIONS, controlForm);
  const flags = refuseWaitAll(endpoint, flagsOf(options));
  const { control = 0 } = options ?? {};
  return { flags, controlBytes: integer("options.control", control, 0, MAX_CONTROL_BYTES) };
}

/** sendmsg(2), with control messages that are laid out already. */
export class SendMsg extends SendCall<number> {
  protected control: Uint8Array | undefined;
  readonly #parts: readonly Uint8Array[];
  readonly #lengths: readonly number[];
  readonly #to: EncodedAddress | undefined;

  constructor(
    endpoint: Endpoint,
    flags: number,
    parts: readonly Uint8Array[],
    control: Uint8Array | undefined,
    to: EncodedAddress | undefined,
  ) {
    super(endpoint, flags);
    this.#parts = parts;
    this.#lengths = parts.map(({ length }) => length);
    this.control = control;
    this.#to = to;
  }

  override get syscall(): string {
    return "sendmsg";
  }

  attempt(): Outcome<number> {
    const { slot, generation } = this.endpoint;
    const parts = allIntact(this.#parts, this.#lengths);
    const result = kernel.sendmsg(slot, generation, parts, this.flags, this.#to?.sockaddr, this.control);
    const outcome = checkSent(this.endpoint, "sendmsg", result, this.#to?.target);
    return this.#to === undefined ? outcome : retryByTimer(this.endpoint, outcome);
  }
}

/** recvmsg(2), into whatever memory. */
abstract class MessageCall<T> extends ReceiveCall<T> {
  readonly #control: Uint8Array | undefined;

  /** Control messages come also where no byte is asked for: then there is something to wait for. */
  constructor(endpoint: Endpoint, flags: number, bytes: number, controlBytes: number) {
    super(endpoint, flags, bytes + controlBytes);
    this.#control = controlBytes === 0 ? undefined : new Uint8Array(controlBytes);
  }

  override get syscall(): string {
    return "recvmsg";
  }

  protected receiveInto(rooms: readonly Uint8Array[]): number | typeof WOULD_BLOCK {
    const { slot, generation } = this.endpoint;
    const result = kernel.recvmsg(slot, generation, rooms, this.flags, results.bytes, this.#control);
    const bytes = this.asked - (this.#control?.length ?? 0);
    return checkReceived(this.endpoint, "recvmsg", result, bytes, this.flags);
  }

  /** Of what {@link receiveInto} has received. */
  protected details(): MessageDetails {
    const controlLength = results.controlLength;
    return {
      control: this.#control === undefined ? [] : decodeControl(this.#control.subarray(0, controlLength)),
      // The kernel gives this one back, which the addon had set.
      flags: results.flags & ~(MSG_CMSG_CLOEXEC & ~this.flags),
      address: results.address,
    };
  }
}

class RecvMsg extends MessageCall<Message> {
  readonly #count: number;

  constructor(endpoint: Endpoint, flags: number, count: number, controlBytes: number) {
    super(endpoint, flags, count, controlBytes);
    this.#count = count;
  }

  attempt(): Outcome<Message> {
    // Made when there is something to receive: an idle socket holds no memory for it.
    const room = allocateReceiveBuffer(this.#count, this.flags);
    const bytes = this.receiveInto([room]);
    if (bytes === WOULD_BLOCK) return WOULD_BLOCK;
    return { data: room.subarray(0, Math.min(bytes, room.length)), ...this.details() };
  }

  nothing(): Message {
    return { data: Buffer.alloc(0), ...NO_DETAILS };
  }
}

class RecvMsgInto extends MessageCall<MessageInto> {
  readonly #rooms: readonly Uint8Array[];
  readonly #lengths: readonly number[];

  constructor(endpoint: Endpoint, flags: number, rooms: readonly Uint8Array[], controlBytes: number) {
    const lengths = rooms.map(({ length }) => length);
    super(
      endpoint,
      flags,
      lengths.reduce((sum, length) => sum + length, 0),
      controlBytes,
    );
    this.#rooms = rooms;
    this.#lengths = lengths;
  }

  attempt(): Outcome<MessageInto> {
    const bytes = this.receiveInto(allIntact(this.#rooms, this.#lengths));
    return bytes === WOULD_BLOCK ? WOULD_BLOCK : { bytes, ...this.details() };
  }

  nothing(): MessageInto {
    return { bytes: 0, ...NO_DETAILS };
  }
}

function list(buffers: unknown, check: (name: string, buffer: unknown) => Uint8Array): readonly Uint8Array[] {
  if (!Array.isArray(buffers)) {
    const isOne = typeof buffers === "string" || ArrayBuffer.isView(buffers);
    throw wrongType("buffers", isOne ? "an array, such as [buffer]" : "an array", buffers);
  }
  if (buffers.length > MAX_BUFFERS) throw outOfRange("buffers.length", `at most ${MAX_BUFFERS}`, buffers.length);
  // Array.from and not map, which would pass over a hole.
  return Array.from(buffers, (buffer: unknown, index) => check(`buffers[${index}]`, buffer));
}

function allIntact(buffers: readonly Uint8Array[], lengths: readonly number[]): readonly Uint8Array[] {
  return buffers.map((buffer, index) => intact(`buffers[${index}]`, buffer, lengths[index] ?? 0));
}
