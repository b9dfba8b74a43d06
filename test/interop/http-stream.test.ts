// node:http, Express and ws on the streams of connections, with curl, undici, the client of ws and raw bytes: over TCP and
// a Unix socket, on the kernel's sockets and on node:net.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import express from "express";
import { Client } from "undici";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { serveHttp } from "../../examples/http-serve.ts";
import type { Server } from "../../src/server.ts";
import { startChild } from "../support/child.ts";
import { connected } from "../support/connected.ts";
import { urlOf } from "../support/serving.ts";
import { requireTool } from "../support/tools.ts";
import { until } from "../support/until.ts";

const UPLOAD = Buffer.alloc(4 * 1024 * 1024, "0123456789abcdef");
const DIGEST = createHash("sha256").update(UPLOAD).digest("hex");

async function digestOf(incoming: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of incoming) hash.update(piece as Buffer);
  return hash.digest("hex");
}

async function answerDigest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    response.end(await digestOf(incoming));
  } catch {
    // The client left in the middle of the request.
    response.destroy();
  }
}

/** Serves the same pages with node:http and with Express. */
const plain: RequestListener = (incoming, response) => {
  if (incoming.url === "/upload") void answerDigest(incoming, response);
  else if (incoming.url === "/large") response.end(UPLOAD);
  else response.end(`hello from ${incoming.url}`);
};

function byExpress(): RequestListener {
  const app = express();
  app.put("/upload", async (incoming, response) => {
    response.send(await digestOf(incoming));
  });
  app.get("/large", (_incoming, response) => void response.end(UPLOAD));
  app.get("/*any", (incoming, response) => void response.type("text").send(`hello from ${incoming.url}`));
  return app as unknown as RequestListener;
}

interface Place {
  readonly server: Server;
  readonly errors: unknown[];
  /** The address, as http.request and net.connect take it. */
  readonly at:
    | { readonly host: string; readonly port: number }
    | { readonly socketPath: string; readonly path: string };
  readonly curl: readonly string[];
  readonly origin: string;
}

async function place(url: string, listener: RequestListener, http = createServer(listener)): Promise<Place> {
  const errors: unknown[] = [];
  const server = await serveHttp(url, http, { onError: (error) => errors.push(error) });
  onTestFinished(async () => {
    await server.close({ graceMs: 0 });
  });
  if (url.startsWith("unix:")) {
    const socketPath = urlOf(server).slice("unix:".length);
    const curl = ["--unix-socket", socketPath, "http://localhost"];
    return { server, errors, at: { socketPath, path: socketPath }, curl, origin: "http://localhost" };
  }
  const { host, port } = new URL(urlOf(server));
  return {
    server,
    errors,
    at: { host: "127.0.0.1", port: Number(port) },
    curl: [`http://${host}`],
    origin: `http://${host}`,
  };
}

function raw({ at }: Place): Socket {
  const socket = connectSocket({ ...at, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function curl(context: Parameters<typeof requireTool>[0], to: Place, path: string, ...args: string[]) {
  const all = [...to.curl.slice(0, -1), ...args, `${to.curl.at(-1)}${path}`];
  const child = await startChild(requireTool(context, "curl"), ["-s", "--max-time", "20", ...all]);
  child.stdin.end(UPLOAD);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  return child.stdout;
}

const cases = ["native", "node"].flatMap((transport) =>
  ["tcp://127.0.0.1:0", `unix:${tmpdir()}/sockwright-http-${process.pid}`].map((url) => [transport, url] as const),
);

describe.each(cases)("%s, %s", (transport, url) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each([
    ["node:http", () => plain],
    ["Express", byExpress],
  ] as const)("%s", (_name, listener) => {
    test("curl makes two requests over one connection", async (context) => {
      const to = await place(url, listener());
      const path = "/one";
      const second = `${to.curl.at(-1)}/two`;
      expect(await curl(context, to, path, second)).toBe("hello from /twohello from /one");
    });

    test("curl uploads in chunks after a 100 Continue, and downloads", async (context) => {
      const to = await place(url, listener());
      const headers = ["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"];
      expect(await curl(context, to, "/upload", "-T", "-", ...headers)).toBe(DIGEST);
      expect((await curl(context, to, "/large")).length).toBe(UPLOAD.length);
    });

    test("undici and http.request send and receive bodies", async () => {
      const to = await place(url, listener());
      const options = "socketPath" in to.at ? { socketPath: to.at.socketPath } : {};
      const client = new Client(to.origin, options);
      for (const path of ["/a", "/b"]) {
        const { body } = await client.request({ method: "GET", path });
        expect(await body.text()).toBe(`hello from ${path}`);
      }
      const { body } = await client.request({ method: "PUT", path: "/upload", body: UPLOAD });
      expect(await body.text()).toBe(DIGEST);
      await client.close();
      expect(to.server.stats().connectionsAccepted).toBe(1);
      const outgoing = request({ ...to.at, method: "GET", path: "/c" }).end();
      const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
      expect(await text(incoming)).toBe("hello from /c");
    });
  });

  test("pipelined requests are answered in order, also when the client ends its side after them", async () => {
    const to = await place(url, plain);
    const socket = raw(to);
    const paths = Array.from({ length: 20 }, (_, at) => `/${at}`);
    socket.end(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
    const answers = await text(socket);
    expect([...answers.matchAll(/hello from (\/\d+)/g)].map(([, path]) => path)).toEqual(paths);
  });

  test("a client that leaves during its upload or the answer harms no other client", async () => {
    const to = await place(url, plain);
    const uploading = raw(to);
    uploading.on("error", () => undefined);
    uploading.write(`PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: ${UPLOAD.length}\r\n\r\n`);
    uploading.write(UPLOAD.subarray(0, 100_000));
    const downloading = raw(to);
    downloading.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(downloading, "data");
    await until(() => to.server.connections().length === 2, "both");
    uploading.destroy();
    downloading.destroy();
    await until(() => to.server.connections().length === 0, "both to be gone");
    const outgoing = request({ ...to.at, path: "/after" }).end();
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(await text(incoming)).toBe("hello from /after");
  });

  test("an upload that the handler does not read is paused, and continues later", async () => {
    let read = (): void => undefined;
    const to = await place(url, (incoming, response) => {
      read = () => void answerDigest(incoming, response);
    });
    const outgoing = request({ ...to.at, method: "PUT", path: "/upload" }).end(UPLOAD);
    const response = once(outgoing, "response") as Promise<[IncomingMessage]>;
    let before = -1;
    await until(() => {
      const [last, now] = [before, to.server.connections()[0]?.bytesRead ?? 0];
      before = now;
      return now > 0 && now === last;
    }, "the upload to be held up");
    expect(before).toBeLessThan(1024 * 1024);
    read();
    expect(await text((await response)[0])).toBe(DIGEST);
  });

  test("bytes that are not HTTP get a 400, and the connection closes", async () => {
    const to = await place(url, plain);
    const socket = raw(to);
    socket.on("error", () => undefined);
    socket.write("no HTTP at all\r\n\r\n");
    expect(String((await once(socket, "data"))[0])).toContain("400 Bad Request");
    await until(() => to.server.connections().length === 0, "the connection to end");
  });

  test("a closing server answers the requests it has received, and closes idle connections", async () => {
    let answer = (): void => undefined;
    const to = await place(url, (_incoming, response) => {
      answer = () => void response.end("answered");
    });
    const idle = raw(to);
    const idleEnded = once(idle.resume(), "end").then(() => idle.end());
    const asking = request({ ...to.at, path: "/" }).end();
    const response = once(asking, "response") as Promise<[IncomingMessage]>;
    await until(() => to.server.connections().length === 2 && answer.name !== "", "both");
    await until(() => to.server.connections().reduce((sum, { bytesRead }) => sum + bytesRead, 0) > 0, "the request");
    const closed = to.server.close();
    await idleEnded;
    answer();
    expect(await text((await response)[0])).toBe("answered");
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
    expect(to.errors).toEqual([]);
  });

  test("ws sends messages both ways, a large one, and the close with its code", async () => {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http });
    sockets.on("connection", (socket) =>
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    const to = await place(url, plain, http);
    const client = new WebSocket("socketPath" in to.at ? `ws+unix:${to.at.path}:/` : to.origin.replace("http", "ws"));
    await once(client, "open");
    for (const message of ["hello", UPLOAD.subarray(0, 1_000_000)]) {
      client.send(message);
      const [data] = (await once(client, "message")) as [Buffer];
      expect(data.equals(Buffer.from(message))).toBe(true);
    }
    client.close(4_000, "enough");
    const [code, reason] = (await once(client, "close")) as [number, Buffer];
    expect([code, String(reason)]).toEqual([4_000, "enough"]);
    await until(() => to.server.connections().length === 0, "the connection to end");
  });

  test("the client of node:http works on the stream of a connection", async () => {
    const to = await place(url, plain);
    const stream = (await connected(urlOf(to.server))).stream();
    const headers = { connection: "close" };
    const outgoing = request({ createConnection: () => stream, method: "PUT", path: "/upload", headers });
    outgoing.end(UPLOAD);
    const isClosed = once(stream, "close");
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(await text(incoming)).toBe(DIGEST);
    await isClosed;
  });
});
