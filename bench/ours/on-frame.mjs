// @ts-check
// Lines as frames of a connection, by push.
import { lines } from "sockwright/codec";
import { serve } from "sockwright/server";

const server = await serve("tcp://127.0.0.1:0", (connection) => {
  const frames = connection.frames(lines());
  return frames.onFrame((line) => {
    frames.write(line);
  });
});
console.log(new URL(server.urls[0] ?? "").port);
