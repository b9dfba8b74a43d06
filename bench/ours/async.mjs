// @ts-check
// An async function for each connection, as the README shows it.
// Usage: async.mjs echo|large-recv|pipeline
//        async.mjs bulk BYTES   so much of one buffer for each request
import { serveOnLoopback } from "./listen.mjs";

const MESSAGE_BYTES = 64;
const RECV_BYTES = process.argv[2] === "large-recv" ? 65536 : 1024;

/** @param {import("sockwright").Socket} peer */
async function echo(peer) {
  for (;;) {
    const data = await peer.recv(RECV_BYTES);
    if (data.length === 0) return;
    await peer.sendall(data);
  }
}

/** @param {import("sockwright").Socket} peer */
async function pipeline(peer) {
  for (;;) {
    const data = await peer.recv(1024);
    if (data.length === 0) return;
    // Sends leave in the order of the calls, so the last one to end is the last called. The load generator waits
    // for all sixteen answers, so the send buffer is empty here and none of them is short.
    let last;
    for (let at = 0; at < data.length; at += MESSAGE_BYTES) {
      last = peer.send(data.subarray(at, at + MESSAGE_BYTES));
    }
    await last;
  }
}

function bulk() {
  const page = Uint8Array.from({ length: Number(process.argv[3]) }, (_, place) => place % 251);
  /** @param {import("sockwright").Socket} peer */
  return async (peer) => {
    while ((await peer.recv(1024)).length > 0) await peer.sendall(page);
  };
}

const mode = process.argv[2];
await serveOnLoopback(mode === "bulk" ? bulk() : mode === "pipeline" ? pipeline : echo);
