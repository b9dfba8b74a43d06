// @ts-check
// Sends without awaiting, and exits: exit.mjs HOW PORT
import { socket } from "sockwright";
import { connect } from "sockwright/server";

const [how = "", port = ""] = process.argv.slice(2);

async function stream() {
  const client = socket();
  await client.connect({ host: "127.0.0.1", port: Number(port) });
  return client;
}

/** @type {Record<string, () => Promise<void>>} */
const ways = {
  "long after another one": async () => {
    const client = await stream();
    void client.sendall("1");
    setTimeout(() => {
      void client.sendall("2");
      process.exit();
    }, 300);
  },
  "with others of its turn": async () => {
    const client = await stream();
    for (const text of ["1", "2", "3"]) void client.sendall(text);
    process.exit();
  },
  "beyond the turn's budget": async () => {
    const client = await stream();
    for (let call = 0; call < 400; call++) void client.sendall("x");
    process.exit();
  },
  "in an exit handler": async () => {
    const client = await stream();
    process.on("exit", () => {
      void client.sendall("1");
      void client.sendall("2");
    });
    process.exit();
  },
  "before an uncaught error": async () => {
    const client = await stream();
    void client.sendall("1");
    void client.sendall("2");
    process.on("uncaughtException", () => process.exit());
    throw new Error("uncaught");
  },
  "a write of layer 2": async () => {
    const connection = await connect(`tcp://127.0.0.1:${port}`);
    connection.write("1");
    connection.write("2");
    process.exit();
  },
  "writes of layer 2 in an exit handler": async () => {
    const connection = await connect(`tcp://127.0.0.1:${port}`);
    process.on("exit", () => {
      connection.write("1");
      connection.write("2");
    });
    process.exit();
  },
};

await ways[how]?.();
