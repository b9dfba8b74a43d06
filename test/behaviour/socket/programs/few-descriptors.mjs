// @ts-check
// Serves with as few descriptors as `ulimit -n` leaves. Prints its port, each pause of accepting, and each received
// line.
import { subscribe } from "node:diagnostics_channel";
import { socket } from "sockwright";

subscribe("sockwright:accept:error", (message) => {
  const { error, action } = /** @type {{ error: NodeJS.ErrnoException, action: string }} */ (message);
  console.log(error.code, action);
});

const server = socket();
server.bind({ host: "127.0.0.1", port: 0 });
const listener = server.listen();
console.log("port", listener.getsockname().port);
await listener.serve(async (peer) => {
  for await (const data of peer) console.log("received", String(data));
});
