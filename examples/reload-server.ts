// Reads its greeting anew at SIGHUP: node dist/examples/reload-server.js [HOST:PORT]
import { readFile } from "node:fs/promises";
import type { ReloadOptions, Service } from "sockwright/server";
import { run, tell } from "./command.ts";
import { listenHere } from "./listen-here.ts";

/** `{ "greeting": "Welcome!", "idleTimeoutMs": 60000 }` */
const FILE = process.env["GREETING_FILE"] ?? "greeting.json";

/** Who came before goes on with the service that it came to. */
function greeter(greeting: string): Service {
  return {
    name: "greeter",
    async stream(connection) {
      connection.write(`${greeting}\n`);
      for await (const piece of connection) {
        connection.write(piece);
        await connection.drained();
      }
    },
  };
}

async function configuration(): Promise<ReloadOptions & { service: Service }> {
  const text = await readFile(FILE, "utf8").catch(() => "{}");
  const { greeting = "Welcome!", idleTimeoutMs = 60_000 } = JSON.parse(text);
  return { service: greeter(String(greeting)), options: { idleTimeoutMs } };
}

await run(async () => {
  const { service, options } = await configuration();
  await listenHere(service, options, (server) => {
    process.on("SIGHUP", () => {
      const reloaded = configuration().then((next) => server.reload(next));
      reloaded.then(() => console.log("reloaded"), tell); // what cannot be changes nothing
    });
  });
});
