// @ts-check
// node:net in its fastest form: 'data' in, write() out.
// Usage: node-net.mjs echo|pipeline|pipeline-cork
//        node-net.mjs bulk BYTES   so much of one buffer for each request
import net from "node:net";

const MESSAGE_BYTES = 64;
const mode = process.argv[2] ?? "echo";
const page = Uint8Array.from({ length: Number(process.argv[3] ?? 0) }, (_, place) => place % 251);

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on("data", (chunk) => {
    if (!answer(socket, chunk)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  // The load generator may reset a connection; 'close' follows by itself.
  socket.on("error", () => {});
});

/**
 * @param {net.Socket} socket
 * @param {Buffer} chunk
 * @returns {boolean} whether the socket takes more
 */
function answer(socket, chunk) {
  if (mode === "echo") return socket.write(chunk);
  if (mode === "bulk") return socket.write(page);
  if (mode === "pipeline-cork") socket.cork();
  let ready = true;
  for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
    ready = socket.write(chunk.subarray(at, at + MESSAGE_BYTES));
  }
  if (mode === "pipeline-cork") socket.uncork();
  return ready;
}

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
