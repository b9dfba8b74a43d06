// Where HTTP is served: on URLs of its own, and on those of any stream.
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import { parseSocketUrl, serve } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing/memory-transport.ts";
import { connected } from "../../support/connected.ts";
import { getRequest, httpAnswerOf } from "../../support/http-talk.ts";
import { serving, urlOf } from "../../support/serving.ts";

const hello = http(() => ({ body: "hello" }));

test("http: is TCP, with default port 80", () => {
  expect(parseSocketUrl("http://localhost")).toEqual({ scheme: "http", host: "localhost", port: 80 });
  expect(parseSocketUrl("http://[::1]:8000/?ipv6only")).toMatchObject({ host: "::1", port: 8000, ipv6only: true });
  expect(() => parseSocketUrl("http://localhost/path")).toThrow("has more than a host and a port");
  expect(parseSocketUrl("http+unix:/run/app.sock?mode=660")).toMatchObject({ path: "/run/app.sock", mode: 0o660 });
});

test("fetch() reaches a server at its http: URL", async () => {
  const server = await serving(hello, {}, "http://127.0.0.1:0");
  expect(urlOf(server)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const answer = await fetch(urlOf(server), { headers: { Connection: "close" } });
  expect(await answer.text()).toBe("hello");
});

test.for(["http+unix", "unix"])("a server at a path: %s", async (scheme) => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "sock");
  await serving(hello, {}, `${scheme}:${socketPath}`);
  const answer = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    request({ socketPath, agent: false }, resolve).on("error", reject).end();
  });
  expect(await text(answer as never)).toBe("hello");
});

test("in memory, a client also connects to an http: listener by tcp:", async () => {
  const memory = memoryTransport();
  onTestFinished(() => memory[Symbol.dispose]());
  const server = await serving(hello, {}, "http://127.0.0.1:0");
  const client = await connected(urlOf(server).replace("http:", "tcp:"));
  client.write(getRequest());
  expect((await httpAnswerOf(client)).body).toBe("hello");
});

test("a service that does not serve http is refused", async () => {
  await expect(serve("http://127.0.0.1:0", async () => undefined)).rejects.toThrow(
    /serves no http: http:\/\/127\.0\.0\.1:0 needs a service whose protocols have "http"; the scheme of plain bytes is tcp:/,
  );
});

test("a client has the connection to itself", async () => {
  const server = await serving(hello, {}, "http://127.0.0.1:0");
  const client = await connected(server);
  client.write(getRequest());
  expect((await httpAnswerOf(client)).body).toBe("hello");
});
