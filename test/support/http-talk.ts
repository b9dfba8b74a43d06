// HTTP servers in memory, and a client that returns the raw bytes of an answer.
import { onTestFinished } from "vitest";
import { http } from "../../src/http/service/http.ts";
import type { HttpExchange, HttpHandler, HttpOptions } from "../../src/http.ts";
import type { Connection } from "../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../src/server/serve-options.ts";
import type { Server } from "../../src/server/server.ts";
import type { Service } from "../../src/server/service.ts";
import { type MemoryOptions, memoryTransport } from "../../src/testing/memory-transport.ts";
import { connected } from "./connected.ts";
import { serving } from "./serving.ts";

export interface HttpServing {
  readonly server: Server;
  /** The errors passed to `onError`. */
  readonly errors: unknown[];
  readonly exchanges: HttpExchange[];
}

/** A server with in-memory connections. It closes when the test ends. */
export async function httpServing(
  handler: HttpHandler,
  options: HttpOptions & { readonly serve?: ServeOptions; readonly memory?: MemoryOptions } = {},
): Promise<HttpServing> {
  const { serve, memory, ...own } = options;
  const transport = memoryTransport(memory);
  onTestFinished(() => transport[Symbol.dispose]());
  const errors: unknown[] = [];
  const exchanges: HttpExchange[] = [];
  const service = http(handler, { onExchange: (exchange) => exchanges.push(exchange), ...own });
  const server = await serving(service, { onError: (error) => errors.push(error), ...serve });
  return { server, errors, exchanges };
}

/** One response. */
export interface Answer {
  readonly status: number;
  /** Field names in lower case; the lines of one name are joined by a newline. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as latin1, decoded from chunks. */
  readonly body: string;
  /** The trailer fields of a chunked body. */
  readonly trailers: string;
}

/** Returns the next response of the connection. A response without a length ends with the connection. */
export async function httpAnswerOf(client: Connection, method = "GET"): Promise<Answer> {
  const head = String(await client.readUntil("\r\n\r\n", { maxBytes: 1024 * 1024 }));
  const [line = "", ...lines] = head.trimEnd().split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  const headers: Record<string, string> = {};
  for (const each of lines) {
    const [, name = "", value = ""] = /^([^:]+): (.*)$/.exec(each) ?? [];
    const small = name.toLowerCase();
    headers[small] = small in headers ? `${headers[small]}\n${value}` : value;
  }
  const isBare = method === "HEAD" || status < 200 || status === 204 || status === 304;
  if (isBare) return { status, headers, body: "", trailers: "" };
  if (headers["transfer-encoding"] === "chunked") return { status, headers, ...(await chunksOf(client)) };
  const length = headers["content-length"];
  const body = length === undefined ? await restOf(client) : await bytesOf(client, Number(length));
  return { status, headers, body, trailers: "" };
}

/** One read returns at most 16 MiB. */
async function bytesOf(client: Connection, length: number): Promise<string> {
  let text = "";
  while (text.length < length) text += latin1(await client.readExactly(Math.min(length - text.length, 1024 * 1024)));
  return text;
}

async function chunksOf(client: Connection): Promise<{ body: string; trailers: string }> {
  let body = "";
  for (;;) {
    const size = Number.parseInt(String(await client.readUntil("\r\n")), 16);
    if (size === 0) break;
    body += await bytesOf(client, size);
    await client.readExactly(2);
  }
  let trailers = "";
  for (;;) {
    const line = String(await client.readUntil("\r\n"));
    if (line === "\r\n") return { body, trailers };
    trailers += line;
  }
}

/** Returns everything until the server ends the connection, as latin1. */
export async function restOf(client: Connection): Promise<string> {
  let text = "";
  for await (const piece of client) text += latin1(piece);
  return text;
}

/** The service, on connections that record the SO_KEEPALIVE settings. */
export function watchExchanges(service: Service, probes: unknown[]): Service {
  return {
    ...service,
    stream: (connection) => {
      connection.link.setKeepAlive = (isOn, delayMs) => void probes.push([isOn, delayMs]);
      return service.stream?.(connection);
    },
  };
}

/** Sends bytes over a new connection, and returns the first response. */
export async function askHttp(server: Server, request: string, method = "GET"): Promise<Answer> {
  const client = await connected(server);
  client.write(Buffer.from(request, "latin1"));
  const answer = await httpAnswerOf(client, method);
  await client.close();
  return answer;
}

/** A request without a body. */
export function getRequest(path = "/", lines: readonly string[] = [], method = "GET"): string {
  return `${[`${method} ${path} HTTP/1.1`, "Host: a", ...lines].join("\r\n")}\r\n\r\n`;
}

/** A request with a body of a known length. */
export function postRequest(body: string, lines: readonly string[] = [], path = "/"): string {
  return getRequest(path, [`Content-Length: ${body.length}`, ...lines], "POST") + body;
}

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** A promise that a handler awaits until the test resolves it. */
export function holder(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
