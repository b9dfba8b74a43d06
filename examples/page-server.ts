// The two pages of web-server.ts, by the service web(): node dist/examples/page-server.js 8080
import { serve } from "sockwright/server";
import { web } from "sockwright/services/web";
import { ctrlC, run } from "./command.ts";
import { choose } from "./language.ts";

const pages = web(`${import.meta.dirname}/pages`, {
  routes: { "/go": "welcome.html" },
  variables: ({ address }) => ({ content: address }),
  notFound: choose("other.html", "other.zh.html"),
  headers: { Server: "PWS1.0" },
});
await run(async () => {
  const server = await serve(`http://127.0.0.1:${process.argv[2] ?? 8080}`, pages);
  const address = server.urls[0]?.replace("http://127.0.0.1", "localhost");
  console.log(`${choose("The server is at", "服务启动,访问地址为:")} ${address}`);
  ctrlC().addEventListener("abort", () => void server.close());
  await server.closed;
});
