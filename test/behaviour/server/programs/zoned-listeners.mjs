// @ts-check
// Listens on addresses that need a zone (the interface), connects to the URL that the server reports, and prints both.
import { connect, serve } from "sockwright/server";

for (const url of process.argv.slice(2)) {
  const server = await serve(url, { name: "zoned", stream: () => undefined, datagram: () => undefined });
  const [told = ""] = server.urls;
  const client = await connect(told);
  console.log(url, told.replace(/\d+$/, "PORT"));
  client.abort();
  await server.close();
}
