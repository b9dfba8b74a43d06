// A server on a Unix socket: node dist/examples/unix-server.js stream|datagram|seqpacket [PATH]
import { AF_UNIX, SOCK_DGRAM, type Socket, socket } from "sockwright";
import { limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { bindPath, unixArguments } from "./unix-path.ts";

/** On a stream, data is what has come by now; on seqpacket it is one message. Empty is the end. */
const session = limited(async (peer) => {
  console.log("Connection opened");
  for await (const data of peer) await peer.sendall(answerTo(data));
  console.log("Connection closed");
});

/** Datagrams have no connection, and a client that wants an answer has bound a name of its own. */
async function answerAll(server: Socket<unknown>, signal: AbortSignal): Promise<void> {
  await using answers = server.dup();
  answers.settimeout(0); // who does not read misses his answer, and nobody waits for him
  for (;;) {
    const [data, from] = await server.recvfrom(1024, { signal });
    const answer = answerTo(data);
    if (from !== undefined) await answers.sendto(answer, from).catch(tell);
  }
}

function answerTo(data: Buffer): Buffer {
  console.log(`Received ${printable(data.toString())}`);
  return Buffer.concat([Buffer.from("Hello, "), data, Buffer.from("!")]);
}

await run(async () => {
  const { kind, type, path } = unixArguments();
  const signal = ctrlC();
  await using server = socket(AF_UNIX, type);
  await bindPath(server, path);
  if (type !== SOCK_DGRAM) server.listen();
  console.log(`Waiting on ${path} for ${kind} clients...`);
  if (type === SOCK_DGRAM) await answerAll(server, signal);
  else await server.serve(session, { signal, onError: tell });
});
