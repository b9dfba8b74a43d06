// The language of the examples: English, or the tutorials' Chinese with --lang zh. See examples/language.ts.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { program } from "./tutorial.ts";

test.each([
  ["a program without the option", [], /^Waiting for clients\.\.\.$/],
  ["--lang en", ["--lang", "en"], /^Waiting for clients\.\.\.$/],
  ["--lang zh", ["--lang", "zh"], /^服务器正在等待客户的连接……$/],
  ["--lang=zh", ["--lang=zh"], /^服务器正在等待客户的连接……$/],
])("%s chooses the language, before and after the address", async (_title, option, first) => {
  for (const args of [
    ["127.0.0.1:0", ...option],
    [...option, "127.0.0.1:0"],
  ]) {
    const server = await startChild(process.execPath, [program("session-server"), ...args]);
    await server.line(first);
    server.kill("SIGINT");
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  }
});

test("words after -- are arguments of the program", async () => {
  const words = ["127.0.0.1:0", "--", "--lang", "zh"];
  const child = await startChild(process.execPath, [program("session-server"), ...words]);
  expect(await child.exit()).toEqual({ code: 2, signal: null });
  expect(child.stderr).toMatch(/^one address is enough\b/);
});

test.each([
  [["--lang", "fr"], '--lang takes zh or en, not "fr"\n'],
  [["--lang=fr"], '--lang takes zh or en, not "fr"\n'],
  [["--lang"], "--lang takes zh or en\n"],
  [["--lang="], "--lang takes zh or en\n"],
])("%j is refused on one line, with exit code 2", async (args, line) => {
  for (const name of ["session-server", "web-server"]) {
    const child = await startChild(process.execPath, [program(name), ...args]);
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect([child.stdout, child.stderr]).toEqual(["", line]);
  }
});

test.each(["en", "zh"])("a client in English talks to a server in %s", async (language) => {
  const server = await startChild(process.execPath, [program("greeting-server"), "127.0.0.1:0", "--lang", language]);
  await expect.poll(() => server.stderr, { interval: 5 }).toMatch(/:\d+\n$/);
  const [, port = ""] = /:(\d+)\n$/.exec(server.stderr) ?? [];
  const client = await startChild(process.execPath, [program("greeting-client"), `127.0.0.1:${port}`]);
  await client.line(/^The server answered: Hello, Babala!$/);
  expect(await client.exit()).toEqual({ code: 0, signal: null });
  await server.line(language === "en" ? /^The client sent: Babala$/ : /^客户端发来的数据:Babala$/);
});

test("each Chinese text of the examples has its English text beside it", () => {
  const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => readFileSync(`${folder}${name}`, "utf8").split("\n"))
    .filter((line) => /\p{Script=Han}/u.test(line));
  expect(lines.length).toBeGreaterThan(15);
  expect(lines.filter((line) => !/choose\([^\p{Script=Han}]+[`"] ?\$?\{?.*\p{Script=Han}/u.test(line))).toEqual([]);
});

test.each(["web-server", "page-server"])("%s answers in English", async (name) => {
  const server = await startChild(process.execPath, [program(name), "0"]);
  const [, url = ""] = await server.line(/^The server is at (?:http:\/\/)?(localhost:\d+)/);
  const answer = await fetch(`http://${url.replace("localhost", "127.0.0.1")}/nowhere`, {
    headers: { Connection: "close" },
  });
  expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("<h1>Page not found</h1>")]);
  server.kill("SIGINT");
  expect(await server.exit()).toEqual({ code: 0, signal: null });
});

test.each([
  ["sticky", /^4 messages sent; the server got 19 bytes in \d reads?/],
  ["framed", /^4 messages sent; the server got 19 bytes in 4 message\(s\)/],
])("the clients of the %s server take both languages", async (name, summary) => {
  for (const language of ["en", "zh"]) {
    const server = await startChild(process.execPath, [program(`${name}-server`), "127.0.0.1:0"]);
    await expect.poll(() => server.stderr, { interval: 5 }).toMatch(/:\d+\n$/);
    const [, port = ""] = /:(\d+)\n$/.exec(server.stderr) ?? [];
    const args = [program(`${name}-client`), `127.0.0.1:${port}`, "--lang", language];
    const client = await startChild(process.execPath, args);
    await client.line(language === "en" ? summary : new RegExp(summary.source.replace("19", "21")));
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    server.kill("SIGINT");
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  }
});
