// The client for greeting-server.js: node dist/examples/greeting-client.js [HOST:PORT]
import { socket } from "sockwright";
import { addressArgument } from "./address.ts";
import { ANSWER_TIMEOUT_MS, answer } from "./answer.ts";
import { run } from "./command.ts";
import { choose } from "./language.ts";

await run(async () => {
  await using client = socket();
  client.settimeout(ANSWER_TIMEOUT_MS);
  await client.connect(addressArgument(8000));
  console.log(`${choose("The server sent: ", "接收到的服务端数据:")}${await answer(client)}`);
  for (const name of ["Rose", "Think", "Babala"]) {
    await client.sendall(name);
    const said = await answer(client);
    console.log(choose(`The server answered: ${said}`, `服务端又返回来的数据:${said} `));
  }
  await client.sendall("exit");
});
