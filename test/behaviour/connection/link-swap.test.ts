// replaceLink() replaces the link of an open connection, as for STARTTLS: no byte is lost, read twice or sent in clear.
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { clientPolicy } from "../../../src/server/connection/policy.ts";
import { DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import type { Link } from "../../../src/server/transport/link.ts";
import { LinkDecorator } from "../../../src/server/transport/link-decorator.ts";
import { NativeLink } from "../../../src/server/transport/native-link.ts";
import { NodeLink } from "../../../src/server/transport/node-link.ts";
import { timedLinkOf } from "../../../src/server/transport/timed-link.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { requireTool } from "../../support/tools.ts";
import { ToyCipher, toyCipher } from "../../support/toy-cipher.ts";
import { turn, until } from "../../support/until.ts";
import { LateClock } from "../server/late-clock.ts";

const encipher = (base: Link, unread: Buffer): Link => new ToyCipher(base, unread);

/** Serves a dialogue: commands as lines, a body by its length, lines again, and STARTTLS in between. */
async function dialogue(connection: Connection): Promise<void> {
  const commands = connection.frames(lines());
  for (let line = await commands.read(); line !== undefined; line = await commands.read()) {
    const [verb, argument = ""] = line.split(" ");
    if (verb === "STARTTLS") {
      commands.write("220 go ahead");
      commands.release();
      await connection.replaceLink(encipher);
    } else if (verb === "DATA") {
      connection.write(`250 got ${await connection.readExactly(Number(argument))}\n`);
    } else {
      commands.write(`250 ${line}`);
    }
    if (verb === "QUIT") return;
  }
}

const IN_CLEAR = "EHLO me\r\nSTARTTLS\r\n";
const ENCIPHERED = "NOOP\nDATA 5\nhe\nloEHLO again\nDATA 0\nQUIT\n";
const ANSWER_IN_CLEAR = "250 EHLO me\n220 go ahead\n";
const ANSWER_ENCIPHERED = "250 NOOP\n250 got he\nlo\n250 EHLO again\n250 got \n250 QUIT\n";

/** Reads to the end, and deciphers what arrives after the replacement. */
async function answerTo(client: Connection): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of client) pieces.push(piece);
  const all = Buffer.concat(pieces);
  const clear = all.subarray(0, ANSWER_IN_CLEAR.length);
  return String(clear) + String(toyCipher(all.subarray(clear.length)));
}

describe.each(["native", "node", "memory"])("over %s", (name) => {
  beforeEach(() => {
    if (name === "memory") {
      const memory = memoryTransport();
      onTestFinished(() => memory[Symbol.dispose]());
    } else vi.stubEnv("SOCKWRIGHT_TRANSPORT", name);
  });
  afterEach(() => void vi.unstubAllEnvs());

  test("both ends replace the link in a dialogue with STARTTLS, and change the framing before and after it", async () => {
    const server = await serving(dialogue);
    const client = await connected(server);
    const answers = client.frames(lines());
    answers.write("EHLO me");
    answers.write("STARTTLS");
    expect([await answers.read(), await answers.read()]).toEqual(["250 EHLO me", "220 go ahead"]);
    await client.replaceLink(encipher);
    client.write(ENCIPHERED);
    expect(await client.readExactly(ANSWER_ENCIPHERED.length)).toEqual(Buffer.from(ANSWER_ENCIPHERED));
    expect(await client.read()).toBe(undefined);
    await client.close();
  });

  test("the dialogue works with the input cut at every byte", async () => {
    const server = await serving(dialogue);
    const all = Buffer.concat([Buffer.from(IN_CLEAR), toyCipher(Buffer.from(ENCIPHERED))]);
    for (let cut = 0; cut <= all.length; cut++) {
      const client = await connected(server);
      client.write(all.subarray(0, cut));
      await until(() => server.connections().at(-1)?.id !== undefined, "the server to have it");
      await turn(2);
      client.write(all.subarray(cut));
      await client.end();
      expect(await answerTo(client), `cut at ${cut}`).toBe(ANSWER_IN_CLEAR + ANSWER_ENCIPHERED);
      await client.close();
    }
  });

  test("the dialogue works with input byte by byte", async () => {
    const server = await serving(dialogue);
    const client = await connected(server);
    for (const byte of Buffer.concat([Buffer.from(IN_CLEAR), toyCipher(Buffer.from(ENCIPHERED))])) {
      client.write(Buffer.of(byte));
      await turn();
    }
    expect(await answerTo(client)).toBe(ANSWER_IN_CLEAR + ANSWER_ENCIPHERED);
  });

  test("earlier writes are sent in clear, also when the peer does not read for a while", async () => {
    // More than the kernel buffers on both ends while nobody reads: the send buffer grows to 4 MiB, tcp_wmem.
    const much = Buffer.alloc(15 * 1024 * 1024, "clear ");
    let isReplaced = false;
    const server = await serving(async (connection) => {
      connection.write(much);
      await connection.replaceLink(encipher);
      isReplaced = true;
      connection.write("enciphered");
    });
    const client = await connected(server);
    await turn(20);
    expect(isReplaced).toBe(false);
    expect((await client.readExactly(much.length)).equals(much)).toBe(true);
    expect(String(toyCipher(await client.readExactly(10)))).toBe("enciphered");
    expect(isReplaced).toBe(true);
  });

  test("a file in progress is sent in clear to its end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-swap-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const bytes = Buffer.alloc(1024 * 1024, "of a file ");
    writeFileSync(join(folder, "file"), bytes);
    const server = await serving(async (connection) => {
      const sending = connection.sendFile(join(folder, "file"));
      await connection.replaceLink(encipher);
      expect(await sending).toBe(bytes.length);
      connection.write("enciphered");
    });
    const client = await connected(server);
    expect((await client.readExactly(bytes.length)).equals(bytes)).toBe(true);
    expect(String(toyCipher(await client.readExactly(10)))).toBe("enciphered");
  });

  test("replaceLink() stops waiting for a file that cannot be sent", async () => {
    const server = await serving(async (connection) => {
      const sending = expect(connection.sendFile("/nowhere")).rejects.toMatchObject({ code: "ENOENT" });
      await connection.replaceLink(encipher);
      await sending;
      connection.write("enciphered");
    });
    expect(String(toyCipher(await (await connected(server)).readExactly(10)))).toBe("enciphered");
  });

  test("the function that makes the link sees the bytes in clear behind STARTTLS, and can refuse them", async () => {
    const injected: string[] = [];
    const server = await serving(async (connection) => {
      await connection.readUntil("STARTTLS\r\n");
      const refusing = (_: Link, unread: Buffer): Link => {
        injected.push(String(unread));
        throw new Error("commands in clear behind STARTTLS");
      };
      await expect(connection.replaceLink(refusing)).rejects.toThrow("in clear");
      // The connection has not changed: these bytes and later ones can be read, and an answer goes in clear.
      for (let line = 0; line < 2; line++) connection.write((await connection.readUntil("\n")) ?? "end");
    });
    const client = await connected(server);
    client.write("STARTTLS\r\nRCPT TO:<eve>\n");
    await until(() => injected.length === 1, "the link to be refused");
    client.write("and more\n");
    expect(String(await client.readExactly(23))).toBe("RCPT TO:<eve>\nand more\n");
    expect(injected).toEqual(["RCPT TO:<eve>\n"]);
  });

  test("replaceLink() is refused while a read is pending, and the read goes on", async () => {
    const server = await serving(async (connection) => {
      const read = connection.readUntil("\n");
      await expect(connection.replaceLink(encipher)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
      connection.write((await read) ?? "end");
    });
    const client = await connected(server);
    await turn(3);
    client.write("in clear\n");
    expect(String(await client.readUntil("\n"))).toBe("in clear\n");
  });

  test("replaceLink() is refused while a push is active or paused, and the push goes on", async () => {
    const server = await serving((connection) =>
      connection.onBytes(async (bytes, push) => {
        const copy = Buffer.from(bytes);
        await expect(connection.replaceLink(encipher)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
        push.pause();
        await expect(connection.replaceLink(encipher)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
        push.resume();
        connection.write(copy);
      }),
    );
    const client = await connected(server);
    for (const word of ["one", "two"]) {
      client.write(word);
      expect(String(await client.readExactly(3))).toBe(word);
    }
  });

  test("after a push was stopped with a rest, the new link receives the rest", async () => {
    const server = await serving(async (connection) => {
      await connection.onBytes((bytes, push) => {
        const at = bytes.indexOf(0x0a);
        push.stop(bytes.subarray(at + 1));
      });
      await connection.replaceLink(encipher);
      connection.write((await connection.readUntil("\n")) ?? "end");
    });
    const client = await connected(server);
    client.write(Buffer.concat([Buffer.from("go\n"), toyCipher(Buffer.from("secret\n"))]));
    expect(String(toyCipher(await client.readExactly(7)))).toBe("secret\n");
  });

  test("an earlier end of the peer is reported after the unread bytes have passed through the new link", async () => {
    const server = await serving(async (connection) => {
      const line = await connection.readUntil("\n");
      // The end has arrived, and nobody has read it.
      await until(() => connection.phase === "ended", "the end of the peer");
      await connection.replaceLink(encipher);
      const pieces: Buffer[] = [];
      for await (const piece of connection) pieces.push(piece);
      expect(connection.bytesRead).toBe("STARTTLS\nsecret".length);
      connection.write(`${line}${Buffer.concat(pieces)}`);
    });
    const client = await connected(server);
    client.write(Buffer.concat([Buffer.from("STARTTLS\n"), toyCipher(Buffer.from("secret"))]));
    await client.end();
    const pieces: Buffer[] = [];
    for await (const piece of client) pieces.push(piece);
    expect(String(toyCipher(Buffer.concat(pieces)))).toBe("STARTTLS\nsecret");
  });

  test("after a loss replaceLink() rejects with its error and makes no link", async () => {
    const make = vi.fn(encipher);
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    const server = await serving(async (connection) => {
      connection.write("x");
      await connection.read().catch(note);
      await connection.replaceLink(make).catch(note);
    });
    const client = await connected(server);
    await client.readExactly(1);
    client.abort();
    await until(() => failures.length === 2, "the loss");
    expect(failures[0]).toMatchObject({ code: "ECONNRESET" });
    expect(failures[1]).toBe(failures[0]);
    expect(make).not.toHaveBeenCalled();
  });

  test("replaceLink() is refused after end(), also when end() is called while it waits", async () => {
    const make = vi.fn(encipher);
    const codes: unknown[] = [];
    const note = (error: Error & { code?: unknown }): void => void codes.push(error.code);
    const server = await serving(async (connection) => {
      connection.write("x");
      const replaced = connection.replaceLink(make).catch(note);
      await Promise.all([connection.end(), replaced]);
      await connection.replaceLink(make).catch(note);
      await connection.close();
      await connection.replaceLink(make).catch(note);
    });
    const client = await connected(server);
    expect(String(await client.read())).toBe("x");
    await client.close();
    await until(() => codes.length === 3, "three refusals");
    expect(codes).toEqual(["ERR_SOCKWRIGHT_ENDED", "ERR_SOCKWRIGHT_ENDED", "ERR_SOCKWRIGHT_ENDED"]);
    expect(make).not.toHaveBeenCalled();
  });

  test("links can be nested and removed: a cipher in a cipher, one cipher, clear", async () => {
    const server = await serving(async (connection) => {
      const inner = (base: Link, unread: Buffer): Link => new ToyCipher(base, unread, 0x77);
      const bare = (link: Link): Link => (link instanceof ToyCipher ? link.base : expect.unreachable());
      for (const make of [encipher, inner, bare, bare]) {
        await connection.replaceLink(make);
        connection.write(await connection.readExactly(4));
      }
    });
    const client = await connected(server);
    const outer = (word: string, at: number): Buffer => toyCipher(Buffer.from(word), at);
    const say = async (cipher: Buffer): Promise<Buffer> => {
      client.write(cipher);
      return client.readExactly(4);
    };
    expect(await say(outer("once", 0))).toEqual(outer("once", 0));
    const twice = toyCipher(toyCipher(Buffer.from("both"), 0, 0x77), 4);
    expect(await say(twice)).toEqual(twice);
    expect(await say(outer("back", 8))).toEqual(outer("back", 8));
    expect(String(await say(Buffer.from("away")))).toBe("away");
  });

  test("input and the signal keep the asynchronous context of the connection", async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[] = [];
    const context = (start: { id: number }, run: () => void): void => storage.run(start.id, run);
    const ids: number[] = [];
    const server = await serving(
      async (connection) => {
        ids.push(connection.id);
        // The connection's own decorators stay outermost, so that events of the cipher itself pass through them.
        await connection.replaceLink((base, unread) => {
          expect(base).not.toBeInstanceOf(LinkDecorator);
          return encipher(base, unread);
        });
        connection.signal.addEventListener("abort", () => void seen.push(storage.getStore()));
        await connection.onBytes((bytes) => {
          seen.push(storage.getStore());
          connection.write(bytes);
        });
      },
      { context, idleTimeoutMs: 60_000 },
    );
    const client = await connected(server);
    client.write(toyCipher(Buffer.from("x")));
    await client.readExactly(1);
    client.abort();
    await until(() => seen.length === 2, "the loss");
    expect(seen).toEqual([ids[0], ids[0]]);
  });
});

test("a Python program with its own cipher at the other end gets the same answers", async (context) => {
  const python = requireTool(context, "python3");
  const server = await serving(dialogue);
  const program = `
import socket, sys
def cipher(data, at): return bytes(b ^ 0x5a ^ ((at + i) * 31 & 255) for i, b in enumerate(data))
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = s.makefile("rb")
s.sendall(b"EHLO me\\r\\nSTARTTLS\\r\\n")
print(f.readline().decode().strip()); print(f.readline().decode().strip(), flush=True)
data = sys.argv[2].encode().decode("unicode_escape").encode()
for i in range(0, len(data), 7): s.sendall(cipher(data[i:i+7], i))
print(repr(cipher(f.read(), 0).decode()))
`;
  const args = ["-c", program, new URL(urlOf(server)).port, ENCIPHERED.replaceAll("\n", "\\n")];
  const child = await startChild(python, args);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toBe(`${ANSWER_IN_CLEAR}'${ANSWER_ENCIPHERED.replaceAll("\n", "\\n")}'\n`);
});

test("deadlines stay outermost: the total deadline does not start again, and input through the cipher restarts the idle one", async () => {
  const clock = new LateClock();
  const link = new ScriptedLink();
  const expired: string[] = [];
  const timeouts = {
    firstByteTimeoutMs: undefined,
    idleTimeoutMs: 1_000,
    readTimeoutMs: 3_000,
    totalTimeoutMs: 5_000,
  };
  const made = timedLinkOf(link, timeouts, new DeadlineWheel(clock), (name) => void expired.push(name));
  const connection = new Connection(made, clientPolicy());
  clock.advance(900);
  await connection.replaceLink(encipher);
  expect(connection.peer).toBe(link.peer);
  clock.advance(50);
  link.input?.onReceived(toyCipher(Buffer.from("one")));
  expect(String(await connection.read())).toBe("one");
  // 950 ms of the total have passed; from here on input arrives every 900 ms.
  for (let at = 0; at < 4; at++) {
    clock.advance(900);
    link.input?.onReceived(Buffer.of(at));
  }
  expect(expired).toEqual([]);
  clock.advance(900);
  expect(expired).toEqual(["total"]);
  expect(link.calls).toContain("abort");
});

test("replaceLink() is refused at once while a read is pending, even if bytes wait to be sent", async () => {
  const link = new ScriptedLink();
  link.room = 0;
  const connection = new Connection(link, clientPolicy());
  connection.write("waits");
  const read = connection.read();
  await expect(connection.replaceLink(encipher)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
  // It is also refused when the read starts while it waits.
  link.input?.onReceived(Buffer.from("in clear"));
  await read;
  const replaced = connection.replaceLink(encipher);
  const again = connection.read();
  link.room = 5;
  link.output?.onWritable();
  await expect(replaced).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
  link.input?.onReceived(Buffer.from("still"));
  expect(String(await again)).toBe("still");
  connection.abort();
});

test("an idle connection expires through the cipher", async () => {
  const clock = new LateClock();
  const link = new ScriptedLink();
  const expired: string[] = [];
  const timeouts = { firstByteTimeoutMs: undefined, idleTimeoutMs: 1_000, readTimeoutMs: undefined } as const;
  const made = timedLinkOf(link, { ...timeouts, totalTimeoutMs: undefined }, new DeadlineWheel(clock), (name) =>
    expired.push(name),
  );
  const connection = new Connection(made, clientPolicy());
  clock.advance(600);
  await connection.replaceLink(encipher);
  clock.advance(400);
  expect(expired).toEqual(["idle"]);
  expect(clock.timers).toBe(0);
});

test("a link that is lost while it is opened is closed, and replaceLink() rejects with its error", async () => {
  const link = new ScriptedLink();
  const connection = new Connection(link, clientPolicy());
  class Refusing extends ToyCipher {
    isClosed = false;
    override open(...told: Parameters<ToyCipher["open"]>): void {
      super.open(...told);
      this.onError(new Error("no cipher text"));
    }
    override close(): void {
      this.isClosed = true;
      super.close();
    }
  }
  const made = new Refusing(link);
  await expect(connection.replaceLink(() => made)).rejects.toThrow("no cipher text");
  expect([made.isClosed, link.calls.includes("close")]).toEqual([true, true]);
  await expect(connection.read()).rejects.toThrow("no cipher text");
});

describe("a detached descriptor", () => {
  /** Makes a link of `net.Socket` on the descriptor detached from `base`. */
  function handOver(base: Link, unread: Buffer): { socket: Socket; link: Link } {
    const fd = base.detach?.() ?? expect.unreachable();
    const socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
    if (unread.length > 0) socket.unshift(unread);
    return { socket, link: new NodeLink(socket, base.peer) };
  }

  test.each(["tcp://127.0.0.1:0", `unix:@sockwright-swap-${process.pid}`])(
    "%s: node:net continues the conversation",
    async (url) => {
      const server = await serving(
        async (connection) => {
          const first = await connection.readExactly(5);
          connection.write(first);
          await connection.replaceLink((base, unread) => handOver(base, unread).link);
          for await (const piece of connection) connection.write(piece);
        },
        { idleTimeoutMs: 60_000 },
        url,
      );
      const all = Buffer.from("first, and all that comes behind it");
      for (let cut = 0; cut <= all.length; cut++) {
        const client = await connected(server);
        client.write(all.subarray(0, cut));
        await turn(3);
        client.write(all.subarray(cut));
        await client.end();
        expect(String(await client.readExactly(all.length))).toBe(String(all));
        expect(await client.read()).toBe(undefined);
        await client.close();
      }
      await until(() => server.connections().length === 0, "the last to leave");
    },
  );

  test("of a client connection can be used by node:net alone", async () => {
    const server = await serving(async (connection) => {
      for await (const piece of connection) connection.write(piece);
    });
    const client = await connected(server);
    client.write("one ");
    await client.readExactly(4);
    const sockets: Socket[] = [];
    await client.replaceLink((base, unread) => {
      const { socket, link } = handOver(base, unread);
      sockets.push(socket);
      return link;
    });
    const [socket] = sockets;
    socket?.removeAllListeners("data");
    const rest = text(socket ?? expect.unreachable());
    socket?.end("two");
    expect(await rest).toBe("two");
  });

  test("its old link reports nothing and cannot detach it again", async () => {
    const links: NativeLink[] = [];
    const server = await serving(async (connection) => {
      await connection.replaceLink((base, unread) => {
        if (!(base instanceof NativeLink)) throw new Error("another transport");
        links.push(base);
        return handOver(base, unread).link;
      });
      connection.write(await connection.readExactly(4));
    });
    const client = await connected(server);
    client.write("once");
    expect(String(await client.readExactly(4))).toBe("once");
    const [link] = links;
    expect(() => link?.detach()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_ENDED" }));
    // Another socket may use its slot now.
    link?.resume();
    link?.awaitWritable();
    link?.end();
    link?.abort();
    link?.close();
    await client.close();
  });
});
