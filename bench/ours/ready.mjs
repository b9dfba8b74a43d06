// @ts-check
// A loop of readable(), tryRecv, trySend on one buffer for all connections. Usage: ready.mjs echo|pipeline
import { WOULD_BLOCK } from "sockwright";
import { serveOnLoopback } from "./listen.mjs";

const MESSAGE_BYTES = 64;
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** @param {import("sockwright").Socket} peer */
async function echo(peer) {
  for (;;) {
    await peer.readable();
    const count = peer.tryRecv(buffer);
    if (count === WOULD_BLOCK) continue;
    if (count === 0) return;
    const sent = peer.trySend(buffer.subarray(0, count));
    if (sent !== count) await sendRest(peer, sent === WOULD_BLOCK ? 0 : sent, count);
  }
}

/** @param {import("sockwright").Socket} peer */
async function pipeline(peer) {
  for (;;) {
    await peer.readable();
    const count = peer.tryRecv(buffer);
    if (count === WOULD_BLOCK) continue;
    if (count === 0) return;
    for (let at = 0; at < count; ) {
      const end = Math.min(at + MESSAGE_BYTES, count);
      const sent = peer.trySend(buffer.subarray(at, end));
      if (sent === WOULD_BLOCK || sent < end - at) {
        await sendRest(peer, sent === WOULD_BLOCK ? at : at + sent, count);
        break;
      }
      at = end;
    }
  }
}

/**
 * The buffer belongs to every connection, so what has to wait is copied out of it first.
 * @param {import("sockwright").Socket} peer
 * @param {number} from
 * @param {number} end
 */
async function sendRest(peer, from, end) {
  await peer.sendall(Buffer.from(buffer.subarray(from, end)));
}

await serveOnLoopback(process.argv[2] === "pipeline" ? pipeline : echo);
