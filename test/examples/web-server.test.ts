// The static page server of the examples: its pages, texts and exit, and the requests of browsers.

import { Agent, get, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { answer } from "../../examples/web-answer.ts";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { ask, open, program, request, rest, startWebServer, statuses } from "./web-client.ts";

const COMMAND = "node dist/examples/web-server.js 8080";
const last = "Connection: close";

function python(name: string): string {
  return fileURLToPath(new URL(`../tools/tutorials/${name}.py`, import.meta.url));
}

describe("its pages", () => {
  test("/go is the welcome page with the client's address, any other path is not found", async () => {
    const { port } = await startWebServer();
    const welcome = await ask(port, request("/go", last));
    expect(welcome).toMatch(/^HTTP\/1\.1 200 OK\r\nServer: PWS1\.0\r\n/);
    expect(welcome).toContain("<title>Welcome</title>");
    expect(welcome).toMatch(/<h1>Welcome your visit!<\/h1>\s*<h2>127\.0\.0\.1<\/h2>/);
    expect(welcome).not.toContain("{{");

    for (const path of ["/", "/gone", "/go/", "/GO", "/../go", "/%67o", "*", "/go\u00e9"]) {
      const other = await ask(port, request(path, last));
      expect(other).toMatch(/^HTTP\/1\.1 404 Not Found\r\nServer: PWS1\.0\r\n/);
      expect(other).toContain("<title>ERROR</title>");
      expect(other).toMatch(/<h1>找不到页面<\/h1>/);
    }
  });

  // RFC 9112, 3.2.2: a server must also accept the absolute form, which proxies receive.
  test.for(["/go?", "/go?from=here&x=/", "http://localhost/go", "http://localhost:8080/go?x"])(
    "%s is /go",
    async (target) => {
      const { port } = await startWebServer();
      expect(statuses(await ask(port, request(target, last)))).toEqual([200]);
    },
  );

  test("the value for the address is escaped, whatever it is", () => {
    const page = answer({ status: 200, method: "GET", path: "/go", isLast: true }, "<b id='$&'>\"&amp;");
    expect(page).toContain("<h2>&#60;b id=&#39;$&#38;&#39;&#62;&#34;&#38;amp;</h2>");
  });

  test("the head has length and type of the body, and the response to HEAD has no body", async () => {
    const { port } = await startWebServer();
    const [head = "", body = ""] = (await ask(port, request("/nowhere", last))).split("\r\n\r\n");
    expect(head).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`);
    expect(head).toContain("\r\nContent-Type: text/html; charset=utf-8\r\n");
    expect(head).toMatch(/\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
    expect(head).toMatch(/\r\nConnection: close$/);
    const withoutDate = (text: string): string => text.replace(/^Date: .*$/m, "");
    const answer = await ask(port, request("/nowhere", last).replace("GET", "HEAD"));
    expect(withoutDate(answer)).toBe(withoutDate(`${head}\r\n\r\n`));
  });
});

describe("a connection", () => {
  test("stays open until a request asks to close it, and pipelined requests are answered in order", async () => {
    const { child, port } = await startWebServer();
    const answers = await ask(port, request("/go") + request("/x") + request("/go") + request("/y", last));
    expect(statuses(answers)).toEqual([200, 404, 200, 404]);
    expect(answers.match(/^Connection: .*$/gm)).toEqual([
      ...Array<string>(3).fill("Connection: keep-alive"),
      "Connection: close",
    ]);
    expect(child.stdout).not.toContain("即将关闭");
  });

  test.for([
    ["of HTTP/1.0", "GET /go HTTP/1.0\r\n\r\n"],
    ["with bare line feeds, that says close", "GET /go HTTP/1.1\nHost: localhost\nConnection: keep-alive, Close\n\n"],
    ["with a body", `POST /go HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n`],
    ["with a chunked body", `${request("/go", "Transfer-Encoding: chunked")}12\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n`],
  ] as const)("ends after a request %s, which is answered once", async ([, bytes]) => {
    const { port } = await startWebServer();
    expect(statuses(await ask(port, bytes))).toEqual([200]);
  });

  // A close while bytes are unread is a reset, and a reset may overtake the answer: RFC 9112, 9.6.
  test("a body that nobody reads does not lose the answer", async () => {
    const { port } = await startWebServer();
    const body = Buffer.alloc(8 * 1024 * 1024, "x");
    const head = `POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
    expect(statuses(await ask(port, Buffer.concat([Buffer.from(head), body])))).toEqual([404]);
  });

  test("without a request counts as an empty request, and is logged", async () => {
    const { child, port } = await startWebServer();
    const client = await open(port);
    const own = client.localPort;
    client.end();
    expect(await rest(client)).toBe("");
    const [, told] = await child.line(/^127\.0\.0\.1:(\d+)即将关闭!$/);
    expect(Number(told)).toBe(own);
  });

  test("node:http sends two requests over one connection", async () => {
    const { port } = await startWebServer();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const fetched = async (path: string): Promise<readonly [number | undefined, string, number | undefined]> => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get({ port, host: "127.0.0.1", path, agent }, resolve).on("error", reject);
      });
      const { statusCode, socket } = response;
      const ownPort = socket.localPort;
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      return [statusCode, text, ownPort];
    };
    const [found, welcome, first] = await fetched("/go");
    const [lost, other, second] = await fetched("/other");
    expect([found, lost]).toEqual([200, 404]);
    expect(welcome).toContain("Welcome your visit!");
    expect(other).toContain("找不到页面");
    expect(second).toBe(first);
  });
});

describe("Python's", () => {
  test("server and the example answer and print the same", async (context) => {
    const python3 = requireTool(context, "python3");
    const told = await Promise.all(
      [
        [process.execPath, program],
        [python3, "-B", python("web-server")],
      ].map(async (command) => {
        const { child, port } = await startWebServer(command);
        const empty = await open(port);
        const own = empty.localPort;
        empty.end();
        await rest(empty);
        const [line] = await child.line(/.*即将关闭.*/);
        const answers = [];
        for (const path of ["/go", "/", "/other"]) {
          const [head = "", body] = (await ask(port, request(path, last))).split("\r\n\r\n");
          answers.push(head.split("\r\n").slice(0, 2), body);
        }
        child.kill("SIGINT");
        const exit = await child.exit();
        return { line: line.replace(`${own}`, "PORT"), answers, exit, stderr: child.stderr };
      }),
    );
    expect(told[0]?.line).toBe("127.0.0.1:PORT即将关闭!");
    expect(told[0]?.exit).toEqual({ code: 0, signal: null });
    expect(told[1]).toEqual(told[0]);
  });

  test("http.client receives the same from both servers", async (context) => {
    const python3 = requireTool(context, "python3");
    const told = [];
    for (const command of [
      [process.execPath, program],
      [python3, "-B", python("web-server")],
    ]) {
      const { port } = await startWebServer(command);
      const client = await startChild(python3, ["-B", python("web-client"), `${port}`, "/go", "/", "/go"]);
      expect(await client.exit()).toEqual({ code: 0, signal: null });
      told.push(client.stdout);
    }
    const welcome = "200, PWS1.0, Welcome, Welcome your visit!, 127.0.0.1\n";
    expect(told[0]).toBe(`${welcome}404, PWS1.0, ERROR, 找不到页面\n${welcome}`);
    expect(told[1]).toBe(told[0]);
  });
});

describe("its command line", () => {
  test.for([{ args: [] }, { args: ["8080", "8081"] }, { args: [""] }])("a wrong number: $args", async ({ args }) => {
    const child = await startChild(process.execPath, [program, "--lang", "zh", ...args]);
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stderr).toBe(`参数有误,需要格式为 ${COMMAND}\n`);
    expect(child.stdout).toBe("");
  });

  test.for(["http", "80a", "-1", "65536", "1e3", "0x50", "127.0.0.1:8080", " "])("no port: %j", async (port) => {
    const child = await startChild(process.execPath, [program, "--lang", "zh", port]);
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stderr).toBe(`执行命令如下: ${COMMAND}\n`);
    expect(child.stdout).toBe("");
  });

  test("a port in use: one clear line, exit code 1", async () => {
    const holder = createServer();
    onTestFinished(() => new Promise<void>((resolve) => holder.close(() => resolve())));
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const child = await startChild(process.execPath, [program, `${address.port}`]);
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(new RegExp(`^[^\\n]*EADDRINUSE[^\\n]*127\\.0\\.0\\.1:${address.port}[^\\n]*\\n$`));
    expect(child.stdout).toBe("");
  });

  test.for(["SIGINT", "SIGTERM"] as const)(
    "%s stops it while clients are connected, and frees the port",
    async (signal) => {
      const { child, port } = await startWebServer();
      const silent = await open(port);
      const halfway = await open(port);
      halfway.write("GET /go HT");
      expect(statuses(await ask(port, request("/go", last)))).toEqual([200]);
      child.kill(signal);
      expect(await child.exit()).toEqual({ code: 0, signal: null });
      expect(child.stderr).toBe("");
      await Promise.all([silent, halfway].map(rest));
      const again = await startChild(process.execPath, [program, "--lang", "zh", `${port}`]);
      await again.line(new RegExp(`^服务启动,访问地址为: localhost:${port}$`));
    },
  );
});
