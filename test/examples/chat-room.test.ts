// The chat room, with nc and the chat clients in both languages, and with misbehaving members.
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { SHUT_WR, SO_RCVBUF, SOL_SOCKET, type Socket, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { lines, type Server, startProgram, startServer } from "./tutorial.ts";

const NAME = "What is your name?";
const AGAIN = "Taken, or no name: 1 to 20 letters and digits. Another one?";

/** A member whose bytes the test chooses. */
class Visitor {
  readonly socket: Socket;
  #unread = "";

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static async connect({ port }: Server, receiveBufferBytes?: number): Promise<Visitor> {
    const visitor = new Visitor(socket());
    onTestFinished(() => visitor.socket.close());
    // tcp(7): it bounds the window only if it is set before the connect.
    if (receiveBufferBytes !== undefined) visitor.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
    visitor.socket.settimeout(10_000);
    await visitor.socket.connect({ host: "127.0.0.1", port });
    return visitor;
  }

  static async join(server: Server, name: string, receiveBufferBytes?: number): Promise<Visitor> {
    const visitor = await Visitor.connect(server, receiveBufferBytes);
    expect(await visitor.line()).toBe(NAME);
    await visitor.say(name);
    expect(await visitor.line()).toMatch(/^\* Here: /);
    return visitor;
  }

  say(line: string): Promise<void> {
    return this.socket.sendall(`${line}\n`);
  }

  /** Returns the next line; undefined at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#unread.includes("\n")) {
      const data = await this.socket.recv(65_536);
      if (data.length === 0) return undefined;
      this.#unread += data.toString();
    }
    const [line = "", ...rest] = this.#unread.split("\n");
    this.#unread = rest.join("\n");
    return line;
  }
}

function startNc(context: TestContext, { port }: Server): Promise<Child> {
  return startChild(requireTool(context, "nc"), ["-N", "127.0.0.1", String(port)]);
}

describe.each(["TypeScript", "Python"] as const)("a room in %s", (language) => {
  test("nc and both chat clients receive each other's messages, and not their own", async (context) => {
    const room = await startServer(context, language, "chat-room");
    const address = `127.0.0.1:${room.port}`;
    const rose = await startNc(context, room);
    await rose.line(/^What is your name\?$/);
    rose.stdin.write("Rose\n");
    await rose.line(/^\* Here: nobody else$/);
    const think = await startProgram(context, "TypeScript", "chat-client", [address]);
    think.stdin.write("Think\n");
    await rose.line(/^\* Think has joined$/);
    const babala = await startProgram(context, "Python", "chat-client", [address]);
    babala.stdin.write("巴巴拉\n");
    await think.line(/\* 巴巴拉 has joined$/);
    rose.stdin.write("hello, all\n");
    await Promise.all([think, babala].map((each) => each.line(/: Rose: hello, all$/)));
    babala.stdin.write("你好\n");
    await rose.line(/^巴巴拉: 你好$/);
    think.stdin.end("bye\n");
    await rose.line(/^\* Think has left$/);
    rose.stdin.end();
    await babala.line(/\* Rose has left$/);
    babala.stdin.end();
    await room.child.line(/^\* 巴巴拉 has left$/);
    for (const each of [rose, think, babala]) expect(await each.exit()).toEqual({ code: 0, signal: null });

    const toAll = ["* 巴巴拉 has joined", "巴巴拉: 你好", "Think: bye", "* Think has left"];
    expect(lines(rose)).toEqual([NAME, "* Here: nobody else", "* Think has joined", ...toAll]);
    expect(lines(babala)).toEqual([
      "127.0.0.1:PORT is here.",
      ...[NAME, "* Here: Rose, Think", "Rose: hello, all", "Think: bye", "* Think has left", "* Rose has left"].map(
        (line) => `127.0.0.1:PORT: ${line}`,
      ),
      "127.0.0.1:PORT has left.",
    ]);
    expect(lines(room.child)).toEqual([
      "Waiting for connection...",
      "* Rose has joined",
      "* Think has joined",
      "* 巴巴拉 has joined",
      "Rose: hello, all",
      "巴巴拉: 你好",
      "Think: bye",
      "* Think has left",
      "* Rose has left",
      "* 巴巴拉 has left",
    ]);
  });

  test("a name must be valid, and can be used once", async (context) => {
    const room = await startServer(context, language, "chat-room");
    const rose = await Visitor.join(room, "Rose");
    const second = await Visitor.connect(room);
    expect(await second.line()).toBe(NAME);
    for (const name of ["Rose", "", "two words", "* Rose has left", "x".repeat(21), "\u001b[2J"]) {
      await second.say(name);
      expect(await second.line()).toBe(AGAIN);
    }
    await second.say("x".repeat(20));
    expect(await second.line()).toBe("* Here: Rose");
    expect(await rose.line()).toBe(`* ${"x".repeat(20)} has joined`);
    rose.socket.close();
    expect(await second.line()).toBe("* Rose has left");
    await Visitor.join(room, "Rose");
  });
});

describe("the room", () => {
  test("drops a slow reader; the others do not wait for it, and miss no line", async (context) => {
    const room = await startServer(context, "TypeScript", "chat-room");
    const slow = await Visitor.join(room, "Slow", 4_096);
    const quick = await Visitor.join(room, "Quick");
    const talkers = await Promise.all(["A", "B", "C", "D"].map((name) => Visitor.join(room, name)));
    const heard = (async () => {
      const all: string[] = [];
      for (let line = await quick.line(); line !== "* Slow has left"; line = await quick.line()) all.push(line ?? "");
      return all;
    })();
    const speech = "x".repeat(4_000);
    let isOver = false;
    const talks = talkers.map(async (talker) => {
      for (let count = 0; !isOver; count++) {
        await talker.say(`${count} ${speech}`);
        // Each writer also reads the lines of the others.
        await talker.line();
      }
    });
    await room.child.line(/^\* Slow reads too slowly and is dropped$/);
    await room.child.line(/^\* Slow has left$/);
    const all = await heard;
    isOver = true;
    for (const each of talkers) each.socket.close();
    await Promise.allSettled(talks);
    for (const name of ["A", "B", "C", "D"]) {
      const counts = all.filter((line) => line.startsWith(`${name}: `)).map((line) => Number(line.split(" ")[1]));
      expect(counts.length).toBeGreaterThan(0);
      expect(counts).toEqual(counts.map((_, index) => index));
    }
    // The slow reader can still read the lines sent to it, and then the end.
    let last: string | undefined;
    for (let line = await slow.line(); line !== undefined; line = await slow.line()) last = line;
    expect(last).toBeDefined();
  });

  test("shows the message of a member that ends at once, bad UTF-8 and control characters", async (context) => {
    const room = await startServer(context, "TypeScript", "chat-room");
    const rose = await Visitor.join(room, "Rose");
    const think = await Visitor.join(room, "Think");
    await rose.line();
    await think.socket.sendall(Buffer.from("\x1b[2J\r\n\xff\none\ntwo", "latin1"));
    think.socket.shutdown(SHUT_WR);
    for (const line of ["\\x1b[2J", "\ufffd", "one", "two"]) expect(await rose.line()).toBe(`Think: ${line}`);
    expect(await rose.line()).toBe("* Think has left");
  });

  test("survives clients that reset, with a name and without", async (context) => {
    const room = await startServer(context, "TypeScript", "chat-room");
    const rose = await Visitor.join(room, "Rose");
    for (let round = 0; round < 10; round++) {
      const rude = connect(room.port, "127.0.0.1");
      await once(rude, "data");
      if (round % 2 === 0) rude.resetAndDestroy();
      else {
        rude.write("Rude\n");
        expect(await rose.line()).toBe("* Rude has joined");
        rude.resetAndDestroy();
        expect(await rose.line()).toBe("* Rude has left");
      }
    }
    expect(room.child.stderr).not.toMatch(/^ +at /m);
  });

  test("disconnects a client that sends no name for long, and not a named member", async (context) => {
    const room = await startServer(context, "TypeScript", "chat-room", { IDLE_TIMEOUT_MS: "1000" });
    const rose = await Visitor.join(room, "Rose");
    // One after the other: Rose is silent for longer than each of them.
    for (let round = 0; round < 2; round++) {
      const nameless = await Visitor.connect(room);
      expect(await nameless.line()).toBe(NAME);
      expect(await nameless.line()).toBeUndefined();
    }
    await Visitor.join(room, "Think");
    expect(await rose.line()).toBe("* Think has joined");
  });

  test("disconnects a client that sends a line without an end", async (context) => {
    const room = await startServer(context, "TypeScript", "chat-room");
    const rose = await Visitor.join(room, "Rose");
    const endless = await Visitor.join(room, "Endless");
    await endless.say("x".repeat(4_000));
    await endless.socket.sendall("x".repeat(8_192));
    for (const line of ["* Endless has joined", `Endless: ${"x".repeat(4_000)}`, "* Endless has left"]) {
      expect(await rose.line()).toBe(line);
    }
    await room.stderr(/: a line is longer than 4096 bytes$/m);
  });

  test("limits a flood: a client that sends much and reads nothing waits, and the others talk", async (context) => {
    const room = await startServer(context, "TypeScript", "chat-room");
    const rose = await Visitor.join(room, "Rose");
    const flooding = await Visitor.join(room, "Flood");
    expect(await rose.line()).toBe("* Flood has joined");
    const flood = flooding.socket.sendall("flood\n".repeat(4 * 1024 * 1024));
    for (let count = 0; count < 10; count++) expect(await rose.line()).toBe("Flood: flood");
    const think = await Visitor.join(room, "Think");
    await think.say("can you hear me?");
    for (let line = await rose.line(); line !== "Think: can you hear me?"; ) line = await rose.line();
    flooding.socket.close();
    await expect(flood).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });

  test.for(["SIGINT", "SIGTERM"] as const)("ends at %s, with members", async (signal, context) => {
    const room = await startServer(context, "TypeScript", "chat-room");
    const rose = await Visitor.join(room, "Rose");
    room.child.kill(signal);
    expect(await rose.line()).toBeUndefined();
    expect(await room.child.exit()).toEqual({ code: 0, signal: null });
    expect(room.child.stderr).toMatch(/^listening on \S+\n$/);
  });
});
