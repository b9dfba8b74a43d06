// A session for each client, as tutorials begin: node dist/examples/session-server.js [HOST:PORT]
import { type Address, SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { limited } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";

async function session(peer: Socket, address: Address): Promise<void> {
  console.log(`欢迎新 ${nameOf(address)}...`);
  try {
    await peer.sendall("Welcome!");
    for (;;) {
      const data = await peer.recv(1024);
      // One character for each byte, so that any bytes go back as they came; a line end goes last.
      const [, name, lineEnd = ""] = /^(.*?)(\r?\n)?$/s.exec(data.toString("latin1")) ?? [];
      if (data.length === 0 || name === "exit") return;
      await peer.sendall(Buffer.from(`Hello, ${name}!${lineEnd}`, "latin1"));
    }
  } finally {
    peer.close();
    console.log(`来自于 ${nameOf(address)} 连接被关闭.`);
  }
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen(128);
  console.log("服务器正在等待客户的连接……");
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
