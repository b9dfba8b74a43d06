// The HTTP service with the clients of others: curl, Python's http.client, nc and fetch.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { http } from "../../src/http/service/http.ts";
import { FileBody, type HttpHandler, PreparedResponse } from "../../src/http.ts";
import type { Server } from "../../src/server/server.ts";
import { startChild } from "../support/child.ts";
import { serving, urlOf } from "../support/serving.ts";
import { requireTool } from "../support/tools.ts";

const prepared = new PreparedResponse({ body: "prepared\n" });

const handler: HttpHandler = async (request) => {
  switch (request.path) {
    case "/prepared":
      return prepared;
    case "/stream":
      return { body: lines(), trailers: { "X-Lines": "3" } };
    case "/echo":
      return { body: request.body };
    default:
      return { body: `${request.method} ${(await request.bytes()).length}\n` };
  }
};

async function* lines(): AsyncGenerator<string> {
  for (const line of ["one", "two", "three"]) yield `${line}\n`;
}

async function place(): Promise<Server> {
  return serving(http(handler), {}, "http://127.0.0.1:0");
}

test("curl: uploads by length and in chunks, a stream, HEAD, HTTP/1.0, several requests over one connection", async (context) => {
  const curl = requireTool(context, "curl");
  const url = urlOf(await place());
  const run = async (...args: string[]): Promise<string> => {
    const child = await startChild(curl, ["--silent", "--show-error", "--max-time", "20", ...args]);
    expect(await child.exit()).toMatchObject({ code: 0 });
    return child.stdout;
  };
  expect(await run("--data", "hello", `${url}/`)).toBe("POST 5\n");
  expect(await run("--data", "hello", "--header", "Transfer-Encoding: chunked", `${url}/`)).toBe("POST 5\n");
  expect(await run(`${url}/stream`)).toBe("one\ntwo\nthree\n");
  expect(await run("--head", `${url}/prepared`)).toContain("Content-Length: 9");
  expect(await run("--http1.0", `${url}/stream`)).toBe("one\ntwo\nthree\n");
  const both = await run("--write-out", "%{num_connects}\n", `${url}/prepared`, `${url}/prepared`);
  expect(both).toBe("prepared\n1\nprepared\n0\n");
});

test("curl: a large upload waits for 100 Continue, and is echoed completely", async (context) => {
  const curl = requireTool(context, "curl");
  const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "upload");
  const content = Buffer.alloc(1_000_000, "0123456789");
  writeFileSync(file, content);
  const url = urlOf(await place());
  const expectation = ["--header", "Expect: 100-continue", "--dump-header", "-"];
  const child = await startChild(curl, ["--silent", ...expectation, "--data-binary", `@${file}`, `${url}/echo`]);
  expect(await child.exit()).toMatchObject({ code: 0 });
  const [interim, head, body] = child.stdout.split("\r\n\r\n");
  expect([interim, head?.split("\r\n", 1), body === String(content)]).toEqual([
    "HTTP/1.1 100 Continue",
    ["HTTP/1.1 200 OK"],
    true,
  ]);
});

test("Python's http.client: requests with and without a body over one connection", async (context) => {
  const python = requireTool(context, "python3");
  const program = `
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
for method, path, body in [("GET", "/prepared", None), ("POST", "/", b"hello"), ("PUT", "/echo", iter([b"ab", b"cd"])), ("GET", "/stream", None)]:
    connection.request(method, path, body)
    response = connection.getresponse()
    print(response.status, response.version, response.read())
`;
  const { port } = new URL(urlOf(await place()));
  const child = await startChild(python, ["-c", program, port]);
  expect(await child.exit()).toMatchObject({ code: 0 });
  expect(child.stdout.split("\n")).toEqual([
    "200 11 b'prepared\\n'",
    "200 11 b'POST 5\\n'",
    "200 11 b'abcd'",
    "200 11 b'one\\ntwo\\nthree\\n'",
    "",
  ]);
});

test("nc: a typed request, and the end of the input after it", async (context) => {
  const nc = requireTool(context, "nc");
  const { port } = new URL(urlOf(await place()));
  const child = await startChild(nc, ["-N", "127.0.0.1", port]);
  child.stdin.end("GET /prepared HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  expect(await child.exit()).toMatchObject({ code: 0 });
  expect(child.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nprepared\nHTTP\/1\.1 200 OK\r\n.*\r\n\r\nGET 0\n$/s);
});

test("fetch: a stream, and a file that is shorter than its length", async () => {
  const { open } = await import("node:fs/promises");
  const file = await open("package.json");
  onTestFinished(() => file.close());
  const server = await serving(
    http(({ path }) => (path === "/" ? { body: lines() } : { body: new FileBody(file, { length: 10_000_000 }) })),
    {},
    "http://127.0.0.1:0",
  );
  const headers = { Connection: "close" };
  expect(await (await fetch(urlOf(server), { headers })).text()).toBe("one\ntwo\nthree\n");
  await expect(fetch(`${urlOf(server)}/short`, { headers }).then((answer) => answer.text())).rejects.toThrow();
});
