// A server that greets on TCP and one that answers datagrams on UDP. End them with Ctrl-C.
// Run: node dist/examples/first-program.js
import {
  AF_INET,
  type Datagram,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from "sockwright";

import { bind, run, tell } from "./first-program-command.ts";

/** One function for each client: greet, then answer until the client leaves or says "exit". */
async function session(peer: Socket, greeting: string, signal: AbortSignal): Promise<void> {
  await peer.sendall(greeting, { signal });
  for (;;) {
    const data = await peer.recv(1024, { signal });
    // A terminal's line end is no part of the name, and goes back behind the answer.
    const [, name = "", lineEnd = ""] = /^(.*?)(\r?\n)?$/s.exec(data.toString()) ?? [];
    if (data.length === 0 || name === "exit") return;
    await peer.sendall(`Hello, ${name}!${lineEnd}`, { signal });
  }
}

/** Datagrams have no connection: one loop answers everybody. */
async function answer(udp: Socket<Datagram>): Promise<void> {
  for await (const [data, address] of udp) {
    await udp.sendto(`Hello, ${data}`, address).catch(tell);
  }
}

await run(async ({ tcp, udp, greeting, signal }) => {
  await using listener = socket(AF_INET, SOCK_STREAM);
  await using datagrams = socket(AF_INET, SOCK_DGRAM);
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  bind(listener, "tcp", tcp);
  bind(datagrams, "udp", udp);
  const greeted = listener.listen().serve((peer) => session(peer, greeting, signal), { signal, onError: tell });
  signal.addEventListener("abort", () => datagrams.close());

  const [tcpPort, udpPort] = [listener.getsockname().port, datagrams.getsockname().port];
  console.log(`tcp://${tcp.host}:${tcpPort} greets you; try:  nc ${tcp.host} ${tcpPort}`);
  console.log(`udp://${udp.host}:${udpPort} answers;    try:  echo you | nc -u -w1 ${udp.host} ${udpPort}`);
  console.log("Ctrl-C ends both.");
  await Promise.all([greeted, answer(datagrams)]);
});
