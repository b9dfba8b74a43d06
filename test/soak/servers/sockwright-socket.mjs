// @ts-check
// The same server on layer 1: sockets, as in C.
import { channel } from "node:diagnostics_channel";
import { socket } from "sockwright";
import { CARELESS_CHUNKS, chunk, closed, counts, POURED_CHUNKS, ready, WRITE_TIMEOUT_MS } from "./ready.mjs";

const READ_BYTES = 64 * 1024;
// The same as in layer 2 and in the other servers.
const BACKLOG = 4_096;

channel("sockwright:accept:error").subscribe(() => counts.acceptErrors++);

/** @param {import("sockwright").Socket} peer */
async function answer(peer) {
  const what = String(await peer.recv(1));
  if (what === "p" || what === "c") {
    const chunks = what === "p" ? POURED_CHUNKS : CARELESS_CHUNKS;
    if (WRITE_TIMEOUT_MS > 0) peer.settimeout(WRITE_TIMEOUT_MS);
    for (let count = 0; count < chunks; count++) await peer.sendall(chunk());
    return;
  }
  for (;;) {
    const data = await peer.recv(READ_BYTES);
    if (data.length === 0) return;
    if (what === "e") await peer.sendall(data);
  }
}

const listener = socket();
listener.bind({ host: "127.0.0.1", port: 0 });
const { port = 0 } = listener.getsockname();
void listener.listen(BACKLOG).serve(async (peer) => {
  counts.opened++;
  try {
    await answer(peer);
    closed();
  } catch (error) {
    closed(error);
  }
});
ready(port);
