// @ts-check
// Makes each system call once through the addon, for a tracer that interrupts it, and prints the results as JSON.
// Usage: interrupted.mjs transfer | connect | close. Before it closes, it prints the descriptor and waits for a line.

import { once } from "node:events";
import { keyOf } from "../../native/programs/addon.mjs";

/** @type {typeof import("../../../../src/native/load.ts")} */
const { kernel } = await import(new URL("../../../../dist/native/load.js", import.meta.url).href);
const [AF_UNIX, SOCK_STREAM, SOCK_DGRAM] = [1, 1, 2];
const AUTOBIND = new Uint8Array(new Uint16Array([AF_UNIX]).buffer);
const BYTE = Buffer.from("x");

/**
 * A socket with an abstract name that the kernel chooses, and this name.
 * @param {number} type
 */
function bound(type) {
  const place = keyOf(kernel.socket(AF_UNIX, type, 0));
  kernel.bind(...place, AUTOBIND);
  const room = new Uint8Array(4 + 128);
  kernel.getsockname(...place, room);
  return { place, name: room.slice(4, 4 + (room[0] ?? 0)) };
}

/** @type {Record<string, () => unknown>} */
const tests = {
  transfer: () => {
    const receiver = bound(SOCK_DGRAM);
    const sender = bound(SOCK_DGRAM);
    const listener = bound(SOCK_STREAM);
    kernel.listen(...listener.place, 1);
    const room = Buffer.alloc(16);
    const address = new Uint8Array(4 + 128);
    const results = {
      sendto: kernel.sendto(...sender.place, BYTE, 0, 1, 0, receiver.name),
      recvfrom: kernel.recvfrom(...receiver.place, room, 0, 16, 0, address),
      sendmsg: kernel.sendmsg(...sender.place, [BYTE, BYTE], 0, receiver.name),
      recvmsg: kernel.recvmsg(...receiver.place, [room], 0, new Uint8Array(140)),
      connect: kernel.connect(...keyOf(kernel.socket(AF_UNIX, SOCK_STREAM, 0)), listener.name),
    };
    return { ...results, accept4: kernel.accept(...listener.place, address) > 0 };
  },
  connect: () => {
    const listener = bound(SOCK_STREAM);
    kernel.listen(...listener.place, 1);
    return { connect: kernel.connect(...keyOf(kernel.socket(AF_UNIX, SOCK_STREAM, 0)), listener.name) };
  },
  close: async () => {
    const { place } = bound(SOCK_DGRAM);
    console.log(`closes ${kernel.fileno(...place)}`);
    await once(process.stdin, "data");
    const close = kernel.close(...place);
    return { close, again: kernel.close(...place), open: kernel.openDescriptors() };
  },
};

console.log(JSON.stringify(await tests[process.argv[2] ?? ""]?.()));
process.exit();
