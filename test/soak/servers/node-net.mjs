// @ts-check
// The same server with node:net, with its own means: events, `drain`, `setTimeout` of a socket.
import { createServer } from "node:net";
import { CARELESS_CHUNKS, chunk, closed, counts, POURED_CHUNKS, ready, WRITE_TIMEOUT_MS } from "./ready.mjs";

/** @param {import("node:net").Socket} socket */
function pour(socket) {
  let left = POURED_CHUNKS;
  if (WRITE_TIMEOUT_MS > 0) {
    socket.setTimeout(WRITE_TIMEOUT_MS, () => {
      socket.destroy(Object.assign(new Error("the reader is too slow"), { code: "ETIMEDOUT" }));
    });
  }
  const more = () => {
    while (left-- > 0) {
      if (socket.write(chunk())) continue;
      counts.backpressure++;
      socket.once("drain", more);
      return;
    }
    socket.end();
  };
  more();
}

/** @param {import("node:net").Socket} socket */
function careless(socket) {
  for (let count = 0; count < CARELESS_CHUNKS; count++) socket.write(chunk());
  socket.end();
}

const server = createServer((socket) => {
  counts.opened++;
  /** @type {unknown} */
  let failure;
  socket.on("error", (error) => {
    failure = error;
  });
  socket.once("close", () => closed(failure));
  socket.once("data", (first) => {
    const what = String(first.subarray(0, 1));
    if (what === "p") pour(socket);
    if (what === "c") careless(socket);
    if (what === "d") socket.resume();
    if (what !== "e") return;
    if (first.length > 1) socket.write(first.subarray(1));
    socket.on("data", (data) => {
      if (socket.write(data)) return;
      counts.backpressure++;
      socket.pause();
      socket.once("drain", () => socket.resume());
    });
  });
});
server.on("error", () => counts.acceptErrors++);
server.listen(0, "127.0.0.1", 4096, () => {
  const address = server.address();
  ready(typeof address === "object" && address !== null ? address.port : 0);
});
