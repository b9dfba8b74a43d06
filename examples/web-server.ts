// A web server of two pages, /go and any other: node dist/examples/web-server.js 8080
import { SO_REUSEADDR, SOL_SOCKET, socket } from "sockwright";
import { limited } from "./client-limits.ts";
import { run, tell, UsageError } from "./command.ts";
import { choose } from "./language.ts";
import { session } from "./web-session.ts";

const USAGE = "node dist/examples/web-server.js 8080";

class HttpServer {
  readonly #ending = new AbortController();

  /** Serves until `stop()`. */
  async start(port: number): Promise<void> {
    const { signal } = this.#ending;
    await using listener = socket();
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    listener.bind({ host: "127.0.0.1", port });
    listener.listen();
    const { port: real } = listener.getsockname();
    console.log(`${choose("The server is at", "服务启动,访问地址为:")} localhost:${real}`);
    const serve = limited((peer, from) => session(peer, from, signal));
    await listener.serve(serve, { signal, onError: tell });
  }

  stop(): void {
    this.#ending.abort();
  }
}

await run(async () => {
  const [port = "", ...more] = process.argv.slice(2);
  if (port === "" || more.length > 0)
    throw new UsageError(`${choose("Usage:", "参数有误,需要格式为")} ${USAGE}`);
  if (!/^\d+$/.test(port) || Number(port) > 65535)
    throw new UsageError(`${choose("Run it like this:", "执行命令如下:")} ${USAGE}`);
  const server = new HttpServer();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => server.stop());
  await server.start(Number(port));
});
