// HTTP and WebSocket over TLS: https: and https+unix: listeners, by the clients that others use.
import { type RequestOptions, request } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { http } from "../../../src/http.ts";
import { certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { freePath } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { noteTlsFailures } from "../../support/tls-failures.ts";
import { until } from "../../support/until.ts";
import { chatServing } from "../chat/web-sockets.ts";
import { useWay, WAYS } from "./ways.ts";

const files = certificates();
const ca = files.bytes("ca.pem");
const pair = files.pair("localhost");

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly alpn: unknown;
}

/** The answer to a request of node:https. */
async function ask(options: RequestOptions & Pick<ConnectionOptions, "ALPNProtocols">, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const made = request({ ca, agent: false, ...options }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (bytes: Buffer) => pieces.push(bytes));
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          body: String(Buffer.concat(pieces)),
          alpn: Reflect.get(response.socket, "alpnProtocol"),
        }),
      );
    });
    made.on("error", reject);
    made.end(body);
  });
}

const service = http(async (incoming) => ({
  body: `${incoming.method} ${incoming.path}: ${await incoming.text()}`,
}));

// node:https has no memory transport.
describe.each(WAYS.slice(0, 3))("over $name", (way) => {
  test("requests of node:https", async () => {
    const server = await serving(service, { ...pair, ...useWay(way) }, "https://127.0.0.1:0");
    const { port } = new URL(urlOf(server));
    const options = { host: "127.0.0.1", port };
    expect(await ask({ ...options, path: "/a" })).toMatchObject({ status: 200, body: "GET /a: " });
    const much = "x".repeat(500_000);
    expect(await ask({ ...options, method: "POST", path: "/b" }, much)).toMatchObject({
      status: 200,
      body: `POST /b: ${much}`,
    });
    await expect(ask({ ...options, ca: files.bytes("other-ca.pem") })).rejects.toMatchObject({
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
  });

  test("http/1.1 is negotiated, and a client that speaks h2 alone gets an alert", async () => {
    const server = await serving(service, { ...pair, onError: () => undefined, ...useWay(way) }, "https://127.0.0.1:0");
    const { port } = new URL(urlOf(server));
    const options = { host: "127.0.0.1", port };
    expect(await ask({ ...options, ALPNProtocols: ["h2", "http/1.1"] })).toMatchObject({ alpn: "http/1.1" });
    await expect(ask({ ...options, ALPNProtocols: ["h2"] })).rejects.toMatchObject({
      message: expect.stringContaining("no application protocol") as string,
    });
  });

  test("WebSocket: a chat over wss", async () => {
    const chat = await chatServing({ serve: { ...pair, ...useWay(way) }, at: "https://127.0.0.1:0" });
    const url = chat.url.replace("https:", "wss:");
    const received: string[] = [];
    const socket = new WebSocket(`${url}ws`, { ca });
    socket.on("message", (data: Buffer) => received.push(String(data)));
    const opened = new Promise((resolve, reject) => void socket.on("open", resolve).on("error", reject));
    await opened;
    socket.send(JSON.stringify({ type: "join", name: "rose", room: "lobby" }));
    await until(() => received.length > 0, "the welcome");
    expect(JSON.parse(received[0] ?? "")).toMatchObject({ type: "welcome", name: "rose" });
    const closed = new Promise((resolve) => void socket.on("close", resolve));
    socket.close();
    await closed;
    expect(chat.errors).toEqual([]);
  });

  test("https+unix", async () => {
    const path = freePath();
    const server = await serving(service, { ...pair, ...useWay(way) }, `https+unix:${path}`);
    expect(await ask({ socketPath: path, path: "/c", servername: "localhost" })).toMatchObject({
      status: 200,
      body: "GET /c: ",
    });
    const client = await connected(urlOf(server).replace("https+unix:", "tls+unix:"), { ca: files.path("ca.pem") });
    client.write("GET /d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const pieces: Buffer[] = [];
    for await (const piece of client) pieces.push(piece);
    expect(String(Buffer.concat(pieces))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("request.tls has what the connection has", async () => {
    const about = http(({ tls }) => ({ body: `${tls?.version} ${tls?.alpn} ${tls?.peerCertificate?.subject}` }));
    const options = { ...pair, client: "require", ca, ...useWay(way) } as const;
    const { port } = new URL(urlOf(await serving(about, options, "https://127.0.0.1:0")));
    const client = { cert: files.bytes("client.pem"), key: files.bytes("p256.key") };
    const { body } = await ask({ host: "127.0.0.1", port, ALPNProtocols: ["http/1.1"], ...client });
    expect(body).toBe("TLSv1.3 http/1.1 CN=a client");
    const plain = await serving(about, useWay(way), "http://127.0.0.1:0");
    expect(await (await fetch(urlOf(plain))).text()).toBe("undefined undefined undefined");
  });

  test("plain HTTP to the port of https is one error", async () => {
    const errors: unknown[] = [];
    noteTlsFailures(errors);
    const server = await serving(
      service,
      { ...pair, onError: (error) => errors.push(error), ...useWay(way) },
      "https://127.0.0.1:0",
    );
    const client = await connected(urlOf(server).replace("https:", "tcp:"));
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await client.onBytes(() => undefined).catch(() => undefined);
    await until(() => errors.length === 1, "the error");
    expect(errors).toMatchObject([{ code: "ERR_SSL_HTTP_REQUEST" }]);
  });
});
