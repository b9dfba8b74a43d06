// node:tls and node:https on the other side, and our own clients with our own listeners.
import { once } from "node:events";
import { Agent, createServer as createHttpsServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import { certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { sha256 } from "../../support/sha256.ts";
import { securing, variants, versions } from "./securing.ts";
import { type Transferred, transfer } from "./transfer.ts";

const MIB = 1024 * 1024;
const files = certificates();

/** Reads to the end. Unlike `for await` it does not destroy the stream then, which may still be written to. */
async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(stream, "end");
  return Buffer.concat(chunks);
}

describe.for(variants)("$name", ({ version, detectTruncation }) => {
  const v = `TLSv${version}` as const;
  const trust = () => ({ ca: files.bytes("ca.pem"), servername: "localhost", minVersion: v, maxVersion: v }) as const;

  test("a client of node:tls ends first, and reads on", async () => {
    const done: Transferred[] = [];
    const { port, errors } = await securing(
      files,
      async (connection) => void done.push(await transfer(connection, "last", MIB)),
      { detectTruncation },
    );
    const socket = connect({ ...trust(), port: Number(port), host: "127.0.0.1" });
    socket.end("all of it");
    const received = await bytesOf(socket);
    expect(done).toEqual([{ received: `9 ${sha256("all of it")}`, sent: `${MIB} ${sha256(received)}` }]);
    expect(errors).toEqual([]);
  });

  test("a client of node:https, two requests over one connection", async () => {
    const service = http(({ path }) => ({ body: path }));
    const { port, errors } = await securing(files, service, { detectTruncation }, "https");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (const [path, isReused] of [
      ["/one", false],
      ["/two", true],
    ] as const) {
      const request = get({ ...trust(), port, host: "127.0.0.1", path, agent });
      const [response] = await once(request, "response");
      expect([String(await bytesOf(response)), request.reusedSocket]).toEqual([path, isReused]);
    }
    expect(errors).toEqual([]);
  });

  test("our own client: 64 MiB in both directions at once", { timeout: 120_000 }, async () => {
    const done: Transferred[] = [];
    const { port, errors } = await securing(
      files,
      async (connection) => void done.push(await transfer(connection, "ends", 64 * MIB)),
      { detectTruncation, min: version },
    );
    const client = await connected(`tls://localhost:${port}`, { ca: files.path("ca.pem"), min: version });
    const { sent, received } = await transfer(client, "ends", 64 * MIB);
    await expect.poll(() => [errors, done]).toEqual([[], [{ sent: received, received: sent }]]);
  });
});

describe.for(versions)("node:tls as server, TLS %s", (version) => {
  const v = `TLSv${version}` as const;
  const own = () =>
    ({ cert: files.bytes("localhost.pem"), key: files.bytes("p256.key"), minVersion: v, maxVersion: v }) as const;

  test("our client ends first, and reads on", async () => {
    const server = createServer({ ...own(), allowHalfOpen: true }, (socket: TLSSocket) => {
      void bytesOf(socket).then((bytes) => socket.end(`heard ${bytes}`));
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = await connected(`tls://localhost:${port}`, { ca: files.path("ca.pem") });
    client.write("all of it");
    await client.end();
    expect(String(await client.readExactly(15))).toBe("heard all of it");
    expect(await client.read()).toBeUndefined();
    await client.close();
  });

  test("our client asks node:https", async () => {
    const server = createHttpsServer(own(), (request, response) => response.end(request.url));
    onTestFinished(() => void server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const client = await connected(`tls://localhost:${port}`, { ca: files.path("ca.pem"), alpn: ["http/1.1"] });
    expect(client.tls).toMatchObject({ version: v, alpn: "http/1.1" });
    client.write("GET /path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = "";
    for await (const piece of client) answer += String(piece);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\/path/s);
  });
});
