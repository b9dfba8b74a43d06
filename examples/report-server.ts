// Prints a message and its length, answers, closes: node dist/examples/report-server.js [HOST:PORT]
import { type Address, SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { lastWord, limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { choose } from "./language.ts";

async function session(peer: Socket, address: Address): Promise<void> {
  const data = await peer.recv(1024);
  if (data.length === 0) return;
  console.log(data.length, printable(data.toString().replace(/\r?\n$/, "")));
  const name = nameOf(address);
  const english = `Received your request (${name}); closing this connection`;
  await lastWord(peer, choose(english, `已收到您(${name})的请求,本次连接将关闭`));
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen(128);
  console.log(choose("Waiting for clients...", "服务器已启动,等待客户端连接..."));
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
