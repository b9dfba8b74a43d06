// `sockwright chat --with`: two terminals, no server; nc, nc -l and ncat --chat as the other side.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { socket } from "../../src/index.ts";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { until } from "../support/until.ts";
import { RunningChat } from "./chat-streams.ts";
import { freeFolder } from "./sockwright.ts";

/** A port that nobody listens on: its listener has been closed. */
function freePort(): number {
  const own = socket();
  own.bind({ host: "127.0.0.1", port: 0 });
  const { port = 0 } = own.getsockname();
  own.close();
  return port;
}

const PLACES = {
  tcp: () => `tcp://127.0.0.1:${freePort()}`,
  unix: () => `unix:${join(freeFolder(), "socket")}`,
  "unix-seqpacket": () => `unix-seqpacket:${join(freeFolder(), "socket")}`,
  abstract: () => `unix:@${freeFolder()}`,
};

describe.for(Object.entries(PLACES))("%s", ([, place]) => {
  test("one side waits, the other connects, and the end of one ends both", async () => {
    const url = place();
    const first = new RunningChat("--with", url);
    await first.tells(`-- No one is there yet. Waiting at ${url}\n`);
    const second = new RunningChat("--with", url);
    first.say("hello, 世界", "-- two");
    await second.prints("hello, 世界\n-- two\n");
    second.say("hi");
    await first.prints("hi\n");
    second.say("bye");
    second.end();
    expect([await first.exitCode, await second.exitCode]).toEqual([0, 0]);
    expect([first.stdout, second.stdout]).toEqual(["hi\nbye\n", "hello, 世界\n-- two\n"]);
    expect(first.stderr).toMatch(/\n-- The other side has left\.\n$/);
    expect(second.stderr).toBe("");
    expect(url.startsWith("unix:/") && existsSync(url.slice(5))).toBe(false);
  });

  test("20 times, two sides that start at the same moment connect", async () => {
    for (let round = 0; round < 20; round++) {
      const url = place();
      const both = [new RunningChat("--with", url), new RunningChat("--with", url)] as const;
      const [one, other] = both;
      one.say("from one");
      other.say("from the other");
      await Promise.all([one.prints("from the other\n"), other.prints("from one\n")]);
      one.end();
      expect(await Promise.all([one.exitCode, other.exitCode])).toEqual([0, 0]);
    }
  });
});

test("messages typed before the other side connects are delivered to it", async () => {
  const url = PLACES.tcp();
  const first = new RunningChat("--with", url);
  first.say("the first line");
  first.end();
  await first.tells("Waiting");
  const second = new RunningChat("--with", url);
  await second.prints("the first line\n");
  expect(await Promise.all([first.exitCode, second.exitCode])).toEqual([0, 0]);
});

test("while two talk, a third waits for a fourth", async () => {
  const url = PLACES.unix();
  const [first, second] = [new RunningChat("--with", url), new RunningChat("--with", url)];
  first.say("for the second");
  await second.prints("for the second\n");
  const third = new RunningChat("--with", url);
  await third.tells("No one is there yet");
  second.say("for the first");
  await first.prints("for the first\n");
  const fourth = new RunningChat("--with", url);
  third.say("for the fourth");
  await fourth.prints("for the fourth\n");
  expect([first.stdout, second.stdout, third.stdout]).toEqual(["for the first\n", "for the second\n", ""]);
  for (const chat of [first, third]) chat.end();
  expect(await Promise.all([first, second, third, fourth].map((chat) => chat.exitCode))).toEqual([0, 0, 0, 0]);
});

test("chat prints the bytes of a hostile peer as harmless text", async () => {
  const url = PLACES.tcp();
  const chat = new RunningChat("--with", url);
  await chat.tells("Waiting");
  const peer = socket();
  onTestFinished(() => peer.close());
  await peer.connect({ host: "127.0.0.1", port: Number(url.split(":").at(-1)) });
  await peer.sendall(Buffer.from("\x1b[2J\r\n\xff\0\n", "latin1"));
  await peer.sendall(`${"x".repeat(70_000)}\nnext\nwithout end`);
  peer.close();
  expect(await chat.exitCode).toBe(0);
  expect(chat.stdout).toBe(`\\x1b[2J\n\\xff\\x00\n${"x".repeat(65_536)} …\nnext\nwithout end\n`);
});

describe("other programs as the other side", () => {
  test.for(["nc", "ncat"] as const)("%s comes to it", async (program, context) => {
    const url = PLACES.tcp();
    const chat = new RunningChat("--with", url);
    await chat.tells("Waiting");
    const options = program === "nc" ? ["-N"] : [];
    const peer = await startChild(requireTool(context, program), [...options, "127.0.0.1", url.split(":")[2] ?? ""]);
    peer.stdin.write("from the peer\n");
    await chat.prints("from the peer\n");
    chat.say("from us");
    await peer.line(/^from us$/);
    peer.stdin.end("last words\n");
    expect(await chat.exitCode).toBe(0);
    expect(chat.stdout).toBe("from the peer\nlast words\n");
    expect(await peer.exit()).toEqual({ code: 0, signal: null });
  });

  test("nc -l on a Unix path: chat connects to it", async (context) => {
    const path = join(freeFolder(), "socket");
    const peer = await startChild(requireTool(context, "nc"), ["-lNU", path]);
    await until(() => existsSync(path), "the path");
    const chat = new RunningChat("--with", `unix:${path}`);
    chat.say("from us");
    await peer.line(/^from us$/);
    peer.stdin.write("from the peer\n");
    await chat.prints("from the peer\n");
    peer.stdin.end();
    expect(await chat.exitCode).toBe(0);
    expect(chat.stderr).toBe("-- The other side has left.\n");
    expect(await peer.exit()).toEqual({ code: 0, signal: null });
  });

  test("ncat --chat, while another client is connected", async (context) => {
    const port = String(freePort());
    const ncat = requireTool(context, "ncat");
    const command = ["-c", 'exec "$@" 2>&1', "sh", ncat, "-v", "-l", "--chat", "127.0.0.1", port];
    const server = await startChild("sh", command);
    await server.line(/Listening on/);
    const url = `tcp://127.0.0.1:${port}`;
    const [one, other] = [new RunningChat("--with", url), new RunningChat("--with", url)];
    await Promise.all([one.prints("<announce>"), other.prints("<announce>")]);
    await until(() => /<announce>.*<announce>/s.test(one.stdout + other.stdout), "both");
    await until(() => (one.stdout + other.stdout).split("connected as").length > 3, "one hears of the other");
    one.say("hello");
    await other.prints("> hello\n");
    one.end();
    other.end();
    expect(await Promise.all([one.exitCode, other.exitCode])).toEqual([0, 0]);
  });
});
