// @ts-check
// The least that a chat does, over node:net: the first line is a name, and each further one goes to all with the name before it.
import { createServer } from "node:net";

/** @type {Set<import("node:net").Socket>} */
const members = new Set();

const server = createServer({ noDelay: true }, (socket) => {
  let name = "";
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (name === "") {
        name = line;
        members.add(socket);
        socket.write(`-- You are ${name} in lobby, alone.\n`);
      } else {
        const bytes = Buffer.from(`<${name}> ${line}\n`);
        for (const member of members) member.write(bytes);
      }
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => members.delete(socket));
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : 0);
});
