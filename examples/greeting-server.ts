// Greets each client and prints what it says: node dist/examples/greeting-server.js [HOST:PORT]
import { type Address, SO_REUSEADDR, SOL_SOCKET, type Socket, socket } from "sockwright";
import { addressArgument, announce, nameOf } from "./address.ts";
import { limited, printable } from "./client-limits.ts";
import { ctrlC, run, tell } from "./command.ts";
import { choose } from "./language.ts";

async function session(peer: Socket, address: Address): Promise<void> {
  const text = new TextDecoder(); // of the stream: a read may end within a character
  console.log(`Accept new connection from ${nameOf(address)}`);
  try {
    await peer.sendall("Hello, I am server");
    for (;;) {
      const data = await peer.recv(1024);
      // One character for each byte, so that any bytes go back as they came; a line end goes last.
      const [, said = "", lineEnd = ""] = /^(.*?)(\r?\n)?$/s.exec(data.toString("latin1")) ?? [];
      if (data.length === 0 || said === "exit") return;
      const shown = text.decode(data.subarray(0, said.length), { stream: true });
      console.log(`${choose("The client sent: ", "客户端发来的数据:")}${printable(shown)}`);
      await peer.sendall(Buffer.from(`Hello, ${said}!${lineEnd}`, "latin1"));
    }
  } finally {
    peer.close();
    console.log(`Connection from ${nameOf(address)} closed.`);
  }
}

await run(async () => {
  const signal = ctrlC();
  await using server = socket();
  server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  server.bind(addressArgument(8000));
  server.listen(128);
  console.log("Waiting for connection...");
  announce("tcp", server.getsockname());
  await server.serve(limited(session), { signal, onError: tell });
});
