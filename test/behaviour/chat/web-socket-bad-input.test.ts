// Requests that no browser sends, and requests that a page of another site makes a browser send.
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { connected } from "../../support/connected.ts";
import { httpAnswerOf } from "../../support/http-talk.ts";
import { until } from "../../support/until.ts";
import { ChatClient, chatServing, type ServedChat } from "./web-sockets.ts";

interface Handshake {
  readonly host?: string;
  readonly lines?: readonly string[];
  readonly path?: string;
}

function handshake(
  chat: ServedChat,
  { host = new URL(chat.url).host, lines = [], path = "/chat/ws" }: Handshake,
): string {
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ...lines,
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}

async function asked(chat: ServedChat, options: Handshake): Promise<{ client: Connection; status: number }> {
  const client = await connected(chat.url.replace(/^http:(.*)\/chat\/$/, "tcp:$1"));
  client.write(handshake(chat, options));
  return { client, status: (await httpAnswerOf(client)).status };
}

/** A frame of a client, with a mask of zeros: RFC 6455, section 5.2. */
function frame(head: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  const length = bytes.length < 126 ? [0x80 | bytes.length] : [0xfe, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from([head, ...length, 0, 0, 0, 0]), bytes]);
}

const [TEXT, BINARY, CONTINUATION, FIN] = [1, 2, 0, 0x80];

/** A connection that has joined the chat with frames written by hand. */
async function joinedByHand(chat: ServedChat): Promise<Connection> {
  const { client, status } = await asked(chat, {});
  expect(status).toBe(101);
  client.write(frame(FIN | TEXT, '{"type":"join","name":"raw","room":"lobby"}'));
  expect(String(await client.readUntil('"hasMore":false}'))).toContain('"name":"raw"');
  return client;
}

/** Reads a close frame and returns its code. */
async function closeCodeOf(client: Connection): Promise<number> {
  const [head = 0, length = 0] = await client.readExactly(2);
  expect(head).toBe(0x88);
  return (await client.readExactly(length)).readUInt16BE();
}

describe("the Origin and Host of a request", () => {
  test.for([
    ["http://evil.example", 403],
    ["null", 403],
    ["https://127.0.0.1", 403],
    ["", 403],
  ] as const)("a page of another origin is refused: %s", async ([origin, status]) => {
    const chat = await chatServing();
    expect((await asked(chat, { lines: [`Origin: ${origin}`] })).status).toBe(status);
  });

  test("a page of the chat's own origin and a client without an Origin are accepted", async () => {
    const chat = await chatServing();
    expect((await asked(chat, { lines: [`Origin: ${new URL(chat.url).origin}`] })).status).toBe(101);
    expect((await asked(chat, {})).status).toBe(101);
  });

  test("a Host that is not a name of the server is refused at every path, even if the Origin equals it", async () => {
    const chat = await chatServing();
    const host = "evil.example";
    expect((await asked(chat, { host, lines: ["Origin: http://evil.example"] })).status).toBe(421);
    for (const path of ["/chat/", "/chat/page.js", "/chat/history", "/chat/rooms"]) {
      expect([path, (await asked(chat, { host, path })).status]).toEqual([path, 421]);
    }
  });

  test("a Host that `hosts` names is accepted with its own Origin only", async () => {
    const chat = await chatServing({ hosts: ["https://chat.example.org"] });
    const host = "chat.example.org";
    expect((await asked(chat, { host, lines: ["Origin: https://chat.example.org"] })).status).toBe(101);
    expect((await asked(chat, { host, lines: ["Origin: https://evil.example"] })).status).toBe(403);
  });
});

test("a request that is no valid WebSocket handshake gets 426 or 400", async () => {
  const chat = await chatServing();
  const answer = await fetch(`${chat.url}ws`, { headers: { Connection: "close" } });
  expect([answer.status, answer.headers.get("upgrade")]).toEqual([426, "websocket"]);
  const client = await connected(chat.url.replace(/^http:(.*)\/chat\/$/, "tcp:$1"));
  client.write(handshake(chat, {}).replace("Version: 13", "Version: 12"));
  const answered = await httpAnswerOf(client);
  expect([answered.status, answered.headers["sec-websocket-version"]]).toEqual([426, "13, 8"]);
  const other = await connected(chat.url.replace(/^http:(.*)\/chat\/$/, "tcp:$1"));
  other.write(handshake(chat, {}).replace(/Sec-WebSocket-Key: \S+/, "Sec-WebSocket-Key: short"));
  expect((await httpAnswerOf(other)).status).toBe(400);
  expect(chat.errors).toEqual([]);
});

describe("an invalid frame", () => {
  test("an invalid chat message is answered with an error, and the connection stays open", async () => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    rose.socket.send(Buffer.from('{"type":"say","text":"binary"}'), { binary: true });
    for (const text of ["no JSON", "[]", '{"type":"shout"}', '{"type":"say","text":1,"tag":"t"}'])
      rose.socket.send(text);
    for (const tag of [undefined, undefined, undefined, undefined, "t"]) {
      expect(await rose.next()).toMatchObject({
        type: "error",
        code: "BAD_FRAME",
        ...(tag === undefined ? {} : { tag }),
      });
    }
    rose.say("\ud800", "lone");
    expect(await rose.next()).toMatchObject({ type: "error", code: "BAD_TEXT", tag: "lone" });
    rose.say("fine");
    expect(await rose.next("message")).toMatchObject({ text: "fine" });
    expect(chat.errors).toEqual([]);
  });

  // The client reads the close code and keeps its side open; the other members see it leave at once.
  test.for([
    ["not masked", Buffer.concat([Buffer.from([0x81, 2]), Buffer.from("{}")]), 1002],
    ["of a reserved kind", frame(FIN | 3, "{}"), 1002],
    ["with a reserved bit", frame(FIN | 0x40 | TEXT, "{}"), 1002],
    ["a continuation of nothing", frame(FIN | CONTINUATION, "{}"), 1002],
    ["a ping in pieces", frame(9, ""), 1002],
    ["no UTF-8", frame(FIN | TEXT, Buffer.from([0xff])), 1007],
    ["longer than 64 KiB", Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]), 1009],
    ["as long as can be", Buffer.from([0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]), 1009],
  ] as const)("an invalid WebSocket frame closes the connection: %s", async ([, bytes, code]) => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    const client = await joinedByHand(chat);
    client.write(bytes);
    expect(await closeCodeOf(client)).toBe(code);
    await until(() => rose.heard.some(({ type }) => type === "left"), "the leave of the other member");
    expect(rose.end).toBeUndefined();
    expect(chat.errors).toEqual([]);
  });

  test("a fragmented message of more than 64 KiB closes the connection, too", async () => {
    const chat = await chatServing();
    const client = await joinedByHand(chat);
    client.write(frame(TEXT, "x".repeat(40_000)));
    client.write(frame(CONTINUATION, "x".repeat(40_000)));
    expect(await closeCodeOf(client)).toBe(1009);
  });
});

test("a fragmented message that arrives byte by byte is one message", async () => {
  const chat = await chatServing();
  const client = await joinedByHand(chat);
  const bytes = Buffer.concat([frame(TEXT, '{"type":"say",'), frame(9 | FIN, "p"), frame(FIN, '"text":"whole"}')]);
  for (const byte of bytes) {
    client.write(Buffer.from([byte]));
    await client.flushed();
  }
  expect(String(await client.readUntil('"whole"}'))).toContain('"from":"raw"');
  client.write(frame(FIN | BINARY, "{}"));
  expect(String(await client.readUntil("}"))).toContain("sent");
  expect(String(await client.readUntil("}"))).toContain("BAD_FRAME");
});

describe("the history over HTTP", () => {
  async function serving(): Promise<{ chat: ServedChat; ask: (path: string, token?: string) => Promise<Response> }> {
    const chat = await chatServing();
    const rose = await ChatClient.open(chat);
    const { token } = await rose.join("rose");
    for (const text of ["one tea", "two", "three Tea"]) rose.say(text);
    await until(() => rose.texts.length === 3, "three messages");
    const ask = (path: string, own = String(token)): Promise<Response> =>
      fetch(`${chat.url}${path}`, { headers: { Connection: "close", Authorization: `Bearer ${own}` } });
    return { chat, ask };
  }

  const textsOf = async (answer: Response): Promise<unknown> => {
    const { messages } = (await answer.json()) as { messages: { text: string }[] };
    return messages.map(({ text }) => text);
  };

  test("only a member of the room can read its history", async () => {
    const { chat, ask } = await serving();
    const answer = await ask("history?room=lobby");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await textsOf(answer)).toEqual(["one tea", "two", "three Tea"]);
    expect(await textsOf(await ask("history?room=lobby&limit=1"))).toEqual(["three Tea"]);
    expect(await textsOf(await ask("history?room=lobby&before=3"))).toEqual(["one tea", "two"]);
    expect(await textsOf(await ask("history?room=lobby&q=tea"))).toEqual(["one tea", "three Tea"]);
    expect((await ask("history?room=garden")).status).toBe(403);
    expect((await ask("history")).status).toBe(403);
    expect((await ask("history?room=lobby", "A".repeat(22))).status).toBe(401);
    expect((await fetch(`${chat.url}history?room=lobby`, { headers: { Connection: "close" } })).status).toBe(401);
    const put = await fetch(`${chat.url}history`, { method: "PUT", headers: { Connection: "close" } });
    expect(put.status).toBe(405);
    for (const query of ["limit=0", "limit=1001", "limit=x", "before=0", "before=-1", "q=", `q=${"x".repeat(257)}`]) {
      expect([query, (await ask(`history?room=lobby&${query}`)).status]).toEqual([query, 400]);
    }
  });

  test("only a member can list the rooms", async () => {
    const { ask } = await serving();
    const rooms = [{ name: "lobby", members: 1, hasKey: false, topic: "" }];
    expect(await (await ask("rooms")).json()).toEqual({ rooms });
    expect((await ask("rooms", "nobody")).status).toBe(401);
    expect((await ask("nothing")).status).toBe(404);
  });
});
