// @ts-check
// Lines over node:net in its fastest form: text by 'data', cut by split(). Usage: node-net-lines.mjs
import net from "node:net";

const server = net.createServer({ noDelay: true }, (socket) => {
  let beginning = "";
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    const lines = (beginning + text).split("\n");
    beginning = lines.pop() ?? "";
    let ready = true;
    for (const line of lines) ready = socket.write(`${line}\n`);
    if (!ready) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  // The load generator may reset a connection; 'close' follows by itself.
  socket.on("error", () => {});
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
