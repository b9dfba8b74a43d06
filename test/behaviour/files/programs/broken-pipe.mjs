// @ts-check
// Sends a file to a peer that has gone, in a process where SIGPIPE is not ignored: by a handler of its own, and then by none, when
// the signal would end it. Node ignores SIGPIPE, and sets what the kernel has by default once the last handler is taken off.
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { socketpair } from "sockwright";

const file = await open(fileURLToPath(import.meta.url));
let signals = 0;
const count = () => {
  signals++;
};

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
  // A signal has its handler called in a turn of its own.
  await new Promise((resolve) => void setImmediate(resolve));
  ours.close();
}
