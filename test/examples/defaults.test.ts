// The programs without arguments, as the tutorials and the README start them: in a network namespace of their own, where no
// port is in use. The Python originals find the servers, so the ports are the tutorials'.
import { expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { commandOf } from "./tutorial.ts";

test.for([
  ["session-server", /待客户的连接……$/, "session-client", /^Hello, Babala!$/],
  ["greeting-server", /^Waiting for connection\.\.\.$/, "greeting-client", /^服务端又返回来的数据:Hello, Babala! $/],
  ["udp-server", /^Bind udp on 9000\.\.\.$/, "udp-client", /^Received Hello, client2$/],
  ["one-shot-server", /^服务器已启动,等待客户端连接\.\.\.$/, "one-shot-client", /^欢迎连接到服务器$/],
  ["report-server", /^服务器已启动,等待客户端连接\.\.\.$/, "one-shot-client", /^已收到您\(127\.0\.0\.1:\d+\)/],
] as const)("%s and its clients find each other", async ([name, ready, client, last], context) => {
  const [unshare, ip] = [requireTool(context, "network namespaces"), requireTool(context, "ip")];
  const inside = ["--net", "sh", "-c", `${ip} link set lo up && exec "$@"`, "sh"];
  const server = await startChild(unshare, [...inside, ...commandOf(context, "TypeScript", name)]);
  await server.line(ready);
  for (const language of ["TypeScript", "Python"] as const) {
    const beside = ["-t", String(server.pid), "-n", ...commandOf(context, language, client)];
    const answers = await startChild("nsenter", beside);
    await answers.line(last);
    expect([await answers.exit(), answers.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  }
  server.kill("SIGINT");
  expect(await server.exit()).toEqual({ code: 0, signal: null });
  // A program that was given no address does not print one either.
  expect(server.stderr).toBe("");
});
