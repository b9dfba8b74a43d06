// Sockets made directly with the addon, closed when the test ends.
export { resizableBuffer } from "../../support/resizable-buffer.ts";

import { expect, onTestFinished } from "vitest";
import { generationOf, type Handle, slotOf } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from "../../../src/socket/constants.ts";

/** What identifies a socket in a native call. */
export type Key = readonly [slot: number, generation: number];

export function keyOf(handle: Handle): Key {
  expect(handle).toBeGreaterThanOrEqual(0);
  return [slotOf(handle), generationOf(handle)];
}

/** Closes a socket when the test ends. If the test has closed it already, that close returns EBADF without harm. */
export function closedAtTheEnd(handle: Handle): Key {
  const key = keyOf(handle);
  onTestFinished(() => void kernel.close(...key));
  return key;
}

export function open(family: number = AF_INET, type: number = SOCK_STREAM): Key {
  return closedAtTheEnd(kernel.socket(family, type, 0));
}

export function pair(type: number = SOCK_STREAM): [Key, Key] {
  const handles = new Float64Array(2);
  expect(kernel.socketpair(AF_UNIX, type, 0, handles)).toBe(0);
  const [left = -1, right = -1] = handles;
  return [closedAtTheEnd(left), closedAtTheEnd(right)];
}

/** A sockaddr_in of a loopback port, ip(7). */
export function loopback(port: number): Uint8Array {
  return Uint8Array.from([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** Room for an address: an int32 with its length, and a sockaddr_storage. */
export function addressRoom(): Uint8Array {
  return new Uint8Array(4 + 128);
}

/** Room for the results of recvmsg: an address with its length, the flags, and the length of the control messages. */
export function resultsRoom(): Uint8Array {
  return new Uint8Array(4 + 128 + 8);
}

/** A UDP socket on a loopback port. */
export function datagramSocket(): { key: Key; address: Uint8Array } {
  const key = open(AF_INET, SOCK_DGRAM);
  expect(kernel.bind(...key, loopback(0))).toBe(0);
  const room = addressRoom();
  expect(kernel.getsockname(...key, room)).toBe(0);
  return { key, address: room.slice(4, 20) };
}

/** Detaches the memory of a view, and of every other view of it. */
export function detach(view: NodeJS.ArrayBufferView): void {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
}

/** Returns the view after its memory is detached. */
export function detachedView<View extends NodeJS.ArrayBufferView>(view: View): View {
  detach(view);
  return view;
}
