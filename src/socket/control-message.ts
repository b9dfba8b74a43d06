import { int32, integer, viewOf, wrongType } from "./argument.ts";

/** One control message, cmsg(3): e.g. level SOL_SOCKET, type SCM_CREDENTIALS, and its bytes. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

// struct cmsghdr on 64-bit Linux: size_t length, int level, int type; data and next header aligned to 8.
const HEADER_BYTES = 16;
/**
 * The most bytes of the buffer for received control messages, and of the data of one control message to send; a larger size is a
 * RangeError. The kernel limits all control messages of one send to net.core.optmem_max.
 */
export const MAX_CONTROL_BYTES = 1024 * 1024;

function align(bytes: number): number {
  return (bytes + 7) & ~7;
}

/**
 * CMSG_SPACE(3): returns the size of a control message with this many bytes of data, padding included. See
 * {@link Socket.recvmsg}.
 */
export function controlSpace(dataBytes: number): number {
  return HEADER_BYTES + align(integer("dataBytes", dataBytes, 0, MAX_CONTROL_BYTES));
}

/**
 * CMSG_LEN(3): returns the size without the padding after the data, which the last message of a buffer need not have. With a
 * smaller buffer, recvmsg(2) cuts the message and sets MSG_CTRUNC.
 *
 * @example
 * ```ts
 * import { CMSG_LEN, CMSG_SPACE } from "sockwright";
 *
 * console.log(CMSG_LEN(4), CMSG_SPACE(4)); // => 20 24
 * ```
 */
export function controlLength(dataBytes: number): number {
  return HEADER_BYTES + integer("dataBytes", dataBytes, 0, MAX_CONTROL_BYTES);
}

/** Encodes control messages as sendmsg(2) takes them. */
export function encodeControl(messages: readonly ControlMessage[]): Uint8Array {
  if (!Array.isArray(messages)) throw wrongType("options.control", "an array of control messages", messages);
  const parts = Array.from(messages, checkMessage);
  const bytes = new Uint8Array(parts.reduce((sum, { data }) => sum + controlSpace(data.length), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { level, type, data } of parts) {
    view.setBigUint64(at, BigInt(HEADER_BYTES + data.length), true);
    view.setInt32(at + 8, level, true);
    view.setInt32(at + 12, type, true);
    bytes.set(data, at + HEADER_BYTES);
    at += controlSpace(data.length);
  }
  return bytes;
}

function checkMessage(message: unknown, index: number): ControlMessage {
  const name = `options.control[${index}]`;
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw wrongType(name, "of type object, such as { level: SOL_SOCKET, type: SCM_RIGHTS, data }", message);
  }
  const { level, type, data }: { level?: unknown; type?: unknown; data?: unknown } = message;
  return {
    level: int32(`${name}.level`, level),
    type: int32(`${name}.type`, type),
    data: viewOf(`${name}.data`, data),
  };
}

/** Decodes the control buffer of recvmsg(2). It returns the available part of a message that was cut. */
export function decodeControl(bytes: Uint8Array): ControlMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: ControlMessage[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (length < HEADER_BYTES) break;
    const end = Math.min(at + length, bytes.length);
    messages.push({
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      data: Buffer.from(bytes.subarray(at + HEADER_BYTES, end)),
    });
    if (length > bytes.length - at) break;
    at += align(length);
  }
  return messages;
}
