// @ts-check
// Sends a file to a peer that has closed, in a process that does not ignore SIGPIPE: first with a handler of its own,
// then with the default action, which ends the process. Node ignores SIGPIPE, and sets the kernel's default when the
// last handler is removed. Layer 2 has sent a file before, in the same turn of the loop, while the signal was ignored.
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { AF_UNIX, socket, socketpair } from "sockwright";
import { connect } from "sockwright/server";

const file = await open(fileURLToPath(import.meta.url));
const name = `sockwright-broken-pipe-${process.pid}`;
const listener = socket(AF_UNIX);
listener.bind({ abstract: name });
listener.listen();
const connection = await connect(`unix:@${name}`);
const [peer] = await listener.accept();
await connection.sendFile(file);

let signals = 0;
const count = () => {
  signals++;
};

process.on("SIGPIPE", count).off("SIGPIPE", count);
peer.close();
await connection.sendFile(file).catch((error) => console.log(error.code));
listener.close();
process.on("SIGPIPE", count);
await sendToNobody();
console.log("signals", signals);
process.off("SIGPIPE", count);
await sendToNobody();
await file.close();

async function sendToNobody() {
  const [ours, peer] = socketpair();
  peer.close();
  await ours.sendfile(file).catch((error) => console.log(error.code));
  // Node calls the handler of a signal in a later turn of the loop.
  await new Promise((resolve) => void setImmediate(resolve));
  ours.close();
}
