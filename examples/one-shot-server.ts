// Greets, takes one message, and hangs up: node dist/examples/one-shot-server.js [HOST:PORT]
import { SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce } from "./address.ts";
import { lastWord, limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { choose } from "./language.ts";

async function session(peer: Socket): Promise<void> {
  try {
    await peer.sendall(choose("Welcome to the server", "欢迎连接到服务器"));
    const data = await peer.recv(1024);
    const text = printable(data.toString().replace(/\r?\n$/, ""));
    if (data.length > 0)
      console.log(`${choose("The client sent: ", "接收到来自客户端的数据:")}${text}`);
    await lastWord(peer);
  } finally {
    peer.close();
    console.log(choose("Connection to the client closed", "与客户端的连接已关闭"));
  }
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
