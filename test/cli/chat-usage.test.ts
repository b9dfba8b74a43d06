// Usage errors of `sockwright chat`: one line on standard error, and the exit code.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "./in-process.ts";
import { freeFolder } from "./sockwright.ts";

test.for<[string, number, string | RegExp]>([
  [
    "",
    2,
    "a mode is missing: write --listen URL to host a chat, --join URL to take part in one, or --with URL for two terminals",
  ],
  ["--join http://x/ --with tcp://x:1", 2, "--join and --with exclude each other: leave one of them out"],
  ["--listen tcp://x:1 --join http://x/", 2, "--listen and --join exclude each other: leave one of them out"],
  ["tcp://127.0.0.1:7000", 2, "too many arguments for 'chat': write  sockwright chat --join tcp://127.0.0.1:7000"],
  ["--with tcp://x:1 --name rose", 2, "--name belongs to --join, not to --with: leave it out"],
  ["--join http://x/ --history f", 2, "--history belongs to --listen, not to --join: leave it out"],
  ["--listen tcp://x:1 --color never", 2, "--color belongs to --join, not to --listen: leave it out"],
  ["--listen tcp://x:1 --memory --history f", 2, "--memory and --history exclude each other: leave one of them out"],
  ["--listen tcp://x:1 --retain often", 2, /'--retain' must be a time, such as 12h or 30d/],
  ["--listen tcp://x:1 --message-rate 5", 2, /'--message-rate' must be how often in a time, such as 5\/s/],
  ["--listen tcp://x:1 --max-message 4KB", 2, /'--max-message' must be a number of bytes, such as 65536, 64KiB/],
  ["--listen tcp://x:1 --max-rooms 0", 2, /"--max-rooms" is out of range/],
  ["--join http://x/ --color blue", 2, /Allowed choices are auto, always, never/],
  [
    "--join http://x/ --reconnect-timeout soon",
    2,
    /--reconnect-timeout "soon" is not a time: write 500ms, 2s, 5m, 1h or 1d/,
  ],
  ["--nick rose", 2, "unknown option '--nick': write --name rose"],
  ["-l", 2, "unknown option '-l': write --listen URL to host a chat, or --with URL for two terminals"],
  ["--join", 2, /option '--join <url>' argument missing/],
  ["--join http://", 2, '"http://" is not a valid URL: write http://HOST:PORT/chat/'],
  ["--join http://x/?a", 2, '"http://x/?a" has a user, a query or a fragment: write http://HOST:PORT/chat/'],
  ["--join ws://x:1/chat/ws", 2, '"ws://x:1/chat/ws" is not the address of the page: write http://x:1/chat/'],
  [
    "--join udp://127.0.0.1:1",
    2,
    /is not the address of a chat: write http:\/\/HOST:PORT\/chat\/, tcp:\/\/HOST:PORT or unix:PATH$/,
  ],
  ["--join localhost:7000", 2, '"localhost:7000" has no scheme: write tcp://localhost:7000'],
  [
    "--with udp://127.0.0.1:1",
    2,
    /has no connections, so a chat cannot tell whether the other side is there: write {2}sockwright listen/,
  ],
  ["--with http://127.0.0.1:1", 2, /is for a chat with a server: write {2}sockwright chat --join/],
  ["--with tcp://*:1", 2, /is for listeners: to connect, write the address of one machine/],
  ["--join http://127.0.0.1:1/chat/", 1, /^http:\S+: no process listens there: start the server first.*ECONNREFUSED/],
  ["--join tcp://127.0.0.1:1", 1, /^tcp:\S+: no process listens there: start the server first.*ECONNREFUSED/],
  ["--join unix:/nowhere/socket", 1, /^unix:\S+: there is no such path: start the server first/],
  ["--with unix:/nowhere/socket", 1, /^unix:\S+: a folder of the path is missing/],
])("chat %s", async ([args, code, says]) => {
  const outcome = await runHere(["chat", ...args.split(" ").filter((word) => word !== "")]);
  expect(outcome.stdout).toBe("");
  expect(outcome.stderr).toMatch(/^sockwright: [^\n]+\n$/);
  const said = outcome.stderr.slice("sockwright: ".length, -1);
  if (typeof says === "string") expect(said).toBe(says);
  else expect(said).toMatch(says);
  expect(outcome.code).toBe(code);
});

test("a path that is a regular file: the error says so", async () => {
  const path = join(freeFolder(), "file");
  writeFileSync(path, "");
  const { code, stderr } = await runHere(["chat", "--with", `unix:${path}`]);
  expect(stderr).toMatch(/: the path is a file, not a socket: choose another path/);
  expect(code).toBe(1);
});

test("a history that cannot be opened ends --listen with that error alone, without a retry", async () => {
  const file = join(freeFolder(), "file");
  writeFileSync(file, "");
  const { code, stdout, stderr } = await runHere([
    "chat",
    "--listen",
    "tcp://127.0.0.1:0",
    "--history",
    join(file, "chat.db"),
  ]);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^sockwright: [^\n]*(?:ENOTDIR|EEXIST)[^\n]*\n$/);
  expect(code).toBe(2);
});
