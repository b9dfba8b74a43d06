// @ts-check
// Lines as frames of a connection, by iteration, as the README shows it.
import { lines } from "sockwright/codec";
import { serve } from "sockwright/server";

const server = await serve("tcp://127.0.0.1:0", async (connection) => {
  const frames = connection.frames(lines());
  for await (const line of frames) {
    if (!frames.write(line)) await connection.drained();
  }
});
console.log(new URL(server.urls[0] ?? "").port);
