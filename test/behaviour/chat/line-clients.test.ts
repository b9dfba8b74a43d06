// Common line clients in one room: two netcats, telnet and Python.
import { describe, expect, test } from "vitest";
import { type Child, startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";
import { type ServedChat, servedChat } from "./line-client.ts";

const PYTHON = `
import socket, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
lines = client.makefile("r", newline="")
for line in [lines.readline()]: print(repr(line), flush=True)
client.sendall("python\\n".encode())
print(repr(lines.readline()), flush=True)
client.sendall("one\\ntwo".encode())
client.shutdown(socket.SHUT_WR)
for line in lines: print(repr(line), flush=True)
print("end", flush=True)
`;

function portOfChat({ url }: ServedChat): string {
  return new URL(url.replace("tcp:", "http:")).port;
}

/** Types lines into a program. */
function type(child: Child, ...lines: readonly string[]): void {
  for (const line of lines) child.stdin.write(`${line}\n`);
}

const CLIENTS = [
  { program: "nc", args: ["-N", "127.0.0.1"] },
  { program: "ncat", args: ["127.0.0.1"] },
] as const;

describe.each(CLIENTS)("$program", ({ program, args }) => {
  test("exchanges messages with the others, and its last line before the end of input is delivered", async (context) => {
    const command = requireTool(context, program);
    const chat = await servedChat();
    const rose = await chat.member("rose");
    const child = await startChild(command, [...args, portOfChat(chat)]);
    await child.line(/^-- Welcome to sockwright chat\. What is your name\?$/);
    type(child, "think");
    await child.line(/^-- You are think in lobby with rose\.$/);
    rose.say("hello");
    await child.line(/^<rose> hello$/);
    type(child, "hello rose", "/me goes");
    child.stdin.end();
    expect(await child.exit()).toMatchObject({ code: 0 });
    expect(child.stdout).toMatch(/<think> hello rose\n\* think goes\n$/);
    expect(await rose.lines(5)).toEqual([
      "-- think joined lobby",
      "<rose> hello",
      "<think> hello rose",
      "* think goes",
      "-- think left lobby (gone)",
    ]);
  });
});

test("telnet receives whole lines", async (context) => {
  const command = requireTool(context, "telnet");
  const chat = await servedChat();
  const rose = await chat.member("rose");
  const child = await startChild(command, ["127.0.0.1", portOfChat(chat)]);
  await child.line(/^-- Welcome to sockwright chat\. What is your name\?$/);
  type(child, "think");
  await child.line(/^-- You are think in lobby with rose\.\r?$/);
  type(child, "hello", "/quit");
  await child.line(/^<think> hello\r?$/);
  await child.line(/^-- Bye\.\r?$/);
  expect(await rose.lines(3)).toEqual(["-- think joined lobby", "<think> hello", "-- think left lobby (quit)"]);
});

test("a Python client that shuts down its side receives its own messages and then the end of the stream", async (context) => {
  const command = requireTool(context, "python3");
  const chat = await servedChat();
  const child = await startChild(command, ["-c", PYTHON, portOfChat(chat)]);
  await child.exit();
  expect(child.stdout.split("\n")).toEqual([
    "'-- Welcome to sockwright chat. What is your name?\\n'",
    "'-- You are python in lobby, alone.\\n'",
    "'<python> one\\n'",
    "'<python> two\\n'",
    "end",
    "",
  ]);
});
