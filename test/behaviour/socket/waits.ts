// Every call that can wait on a connected socket.
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Socket } from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { unixPair } from "../../support/sockets.ts";

export interface Wait {
  readonly call: string;
  /** The system call that it makes. */
  readonly syscall: string;
  wait(socket: Socket<unknown>, signal?: AbortSignal): Promise<unknown>;
}

export const receives: readonly Wait[] = [
  { call: "recv", syscall: "recv", wait: (socket, signal) => socket.recv(1, { signal }) },
  { call: "recv_into", syscall: "recv", wait: (socket, signal) => socket.recv_into(Buffer.alloc(1), { signal }) },
  { call: "recvfrom", syscall: "recvfrom", wait: (socket, signal) => socket.recvfrom(1, { signal }) },
  {
    call: "recvfrom_into",
    syscall: "recvfrom",
    wait: (socket, signal) => socket.recvfrom_into(Buffer.alloc(1), { signal }),
  },
  { call: "recvmsg", syscall: "recvmsg", wait: (socket, signal) => socket.recvmsg(1, { signal }) },
  {
    call: "recvmsg_into",
    syscall: "recvmsg",
    wait: (socket, signal) => socket.recvmsg_into([Buffer.alloc(1)], { signal }),
  },
  { call: "readable", syscall: "poll", wait: (socket, signal) => socket.readable({ signal }) },
];

function sendfile(socket: Socket<unknown>, signal?: AbortSignal): Promise<number> {
  const file = openSync(fileURLToPath(import.meta.url), "r");
  // sendfile() duplicates the descriptor, so it can be closed here.
  try {
    return socket.sendfile(file, 0, undefined, { signal });
  } finally {
    closeSync(file);
  }
}

const sends: readonly Wait[] = [
  { call: "send", syscall: "send", wait: (socket, signal) => socket.send("x", { signal }) },
  { call: "sendall", syscall: "send", wait: (socket, signal) => socket.sendall("x", { signal }) },
  { call: "sendfile", syscall: "sendfile", wait: sendfile },
  { call: "sendmsg", syscall: "sendmsg", wait: (socket, signal) => socket.sendmsg(["x"], { signal }) },
  { call: "writable", syscall: "poll", wait: (socket, signal) => socket.writable({ signal }) },
];

export const waits: readonly Wait[] = [...receives, ...sends];

/** A socket whose peer sends nothing, and whose write buffer is full. */
export function stuck(): Socket {
  const [left] = unixPair();
  fill(left);
  return left;
}
