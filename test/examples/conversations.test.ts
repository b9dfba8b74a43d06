// The output of the first programs of the tutorials, on both sides, with the Python original as either side.
import { describe, expect, test } from "vitest";
import { lines, pairs, ports, runClient, startServer } from "./tutorial.ts";

describe.each(pairs)("server in %s, client in %s", (server, client) => {
  test("a session, its server in Chinese", async (context) => {
    const { child, port } = await startServer(context, server, "session-server");
    const answers = await runClient(context, client, "session-client", port);
    expect(answers).toEqual(["Welcome!", "Hello, Rose!", "Hello, Think!", "Hello, Babala!"]);
    await child.line(/ 连接被关闭\.$/);
    expect(lines(child)).toEqual([
      "服务器正在等待客户的连接……",
      "欢迎新 127.0.0.1:PORT...",
      "来自于 127.0.0.1:PORT 连接被关闭.",
    ]);
    expect(ports(child)).toHaveLength(1);
  });

  test("a session, its server in English", async (context) => {
    const { child, port } = await startServer(context, server, "greeting-server");
    const answers = await runClient(context, client, "greeting-client", port);
    expect(answers).toEqual([
      "接收到的服务端数据:Hello, I am server",
      "服务端又返回来的数据:Hello, Rose! ",
      "服务端又返回来的数据:Hello, Think! ",
      "服务端又返回来的数据:Hello, Babala! ",
    ]);
    await child.line(/ closed\.$/);
    expect(lines(child)).toEqual([
      "Waiting for connection...",
      "Accept new connection from 127.0.0.1:PORT",
      "客户端发来的数据:Rose",
      "客户端发来的数据:Think",
      "客户端发来的数据:Babala",
      "Connection from 127.0.0.1:PORT closed.",
    ]);
    expect(ports(child)).toHaveLength(1);
  });

  test("datagrams", async (context) => {
    const { child, port } = await startServer(context, server, "udp-server");
    const answers = await runClient(context, client, "udp-client", port);
    expect(answers).toEqual(["Received Hello, client1", "Received Hello, client2"]);
    expect(lines(child)).toEqual([
      `Bind udp on ${port}...`,
      "Received from 127.0.0.1:PORT",
      "Received from 127.0.0.1:PORT",
    ]);
    expect(ports(child)).toHaveLength(1);
  });

  test("a greeting and one message, one client after the other", async (context) => {
    const { child, port } = await startServer(context, server, "one-shot-server");
    for (let round = 0; round < 2; round++) {
      expect(await runClient(context, client, "one-shot-client", port)).toEqual(["欢迎连接到服务器"]);
      await child.line(/^与客户端的连接已关闭$/);
    }
    const once = ["接收到来自客户端的数据:Hello Server", "与客户端的连接已关闭"];
    expect(lines(child)).toEqual(["服务器已启动,等待客户端连接...", ...once, ...once]);
  });

  test("one message, answered with its length and the client's address", async (context) => {
    const { child, port } = await startServer(context, server, "report-server");
    const answer = "已收到您(127.0.0.1:PORT)的请求,本次连接将关闭";
    for (let round = 0; round < 2; round++) {
      const [line = ""] = await runClient(context, client, "one-shot-client", port);
      expect(line.replace(/:\d+/, ":PORT")).toBe(answer);
    }
    expect(lines(child)).toEqual(["服务器已启动,等待客户端连接...", "12 Hello Server", "12 Hello Server"]);
  });
});
