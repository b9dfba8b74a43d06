// A session for each client, as tutorials begin: node dist/examples/session-server.js [HOST:PORT]
import { type Address, SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { limited } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { choose } from "./language.ts";

async function session(peer: Socket, address: Address): Promise<void> {
  const name = nameOf(address);
  console.log(choose(`Client ${name} connected`, `欢迎新 ${name}...`));
  try {
    await peer.sendall("Welcome!");
    for (;;) {
      const data = await peer.recv(1024);
      // One character for each byte, so that any bytes go back as they came; a line end goes last.
      const [, said, lineEnd = ""] = /^(.*?)(\r?\n)?$/s.exec(data.toString("latin1")) ?? [];
      if (data.length === 0 || said === "exit") return;
      await peer.sendall(Buffer.from(`Hello, ${said}!${lineEnd}`, "latin1"));
    }
  } finally {
    peer.close();
    console.log(choose(`Client ${name} disconnected`, `来自于 ${name} 连接被关闭.`));
  }
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen(128);
  console.log(choose("Waiting for clients...", "服务器正在等待客户的连接……"));
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
