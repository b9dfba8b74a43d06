// @ts-check
import { serve } from "sockwright/server";
import { CARELESS_CHUNKS, chunk, closed, counts, POURED_CHUNKS, ready, WRITE_TIMEOUT_MS } from "./ready.mjs";

/** @param {import("sockwright/server").Connection} connection */
async function answer(connection) {
  switch (String(await connection.read(1))) {
    case "e":
      await connection.onBytes((bytes) => {
        connection.write(bytes);
      });
      break;
    case "d":
      await connection.onBytes(() => {});
      break;
    case "p":
      for (let count = 0; count < POURED_CHUNKS; count++) {
        if (!connection.write(chunk())) counts.backpressure++;
        await connection.drained();
      }
      break;
    case "c":
      for (let count = 0; count < CARELESS_CHUNKS; count++) connection.write(chunk());
      await connection.drained();
  }
}

/** @param {import("sockwright/server").Connection} connection */
async function session(connection) {
  counts.opened++;
  try {
    await answer(connection);
    await connection.close();
    closed();
  } catch (error) {
    connection.abort();
    closed(error);
  }
}

const server = await serve("tcp://127.0.0.1:0", session, {
  ...(WRITE_TIMEOUT_MS > 0 && { writeTimeoutMs: WRITE_TIMEOUT_MS }),
});
Object.defineProperty(counts, "acceptErrors", {
  enumerable: true,
  get: () => Object.values(server.stats().acceptErrors).reduce((sum, count) => sum + count, 0),
});
ready(Number(new URL(server.urls[0] ?? "").port));
