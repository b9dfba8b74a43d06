import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { GreetEvents, inWords } from "../../../../src/cli/server-event.ts";
import type { DatagramMessage } from "../../../../src/server/service.ts";
import { type Connection, type Peer, type Server, serve } from "../../../../src/server.ts";
import {
  MAX_AMPLIFICATION,
  MAX_AMPLIFICATION_EXTRA_BYTES,
  refusalOf,
} from "../../../../src/services/greet/datagram-guard.ts";
import { type GreetEvent, type GreetOptions, greet } from "../../../../src/services/greet/greet.ts";
import { connected } from "../../../support/connected.ts";

async function greeting(url: string, options?: GreetOptions): Promise<Server> {
  const server = await serve(url, greet(options));
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return server;
}

/** Sends each text in turn and checks the answer to it. */
async function talk(connection: Connection, ...says: [said: string | Buffer, answer: string][]): Promise<void> {
  for (const [said, answer] of says) {
    if (said.length > 0) connection.write(said);
    expect(String(await connection.readExactly(Buffer.byteLength(answer)))).toBe(answer);
  }
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("the service greets, answers each message, and closes after the farewell", async () => {
    const connection = await connected(await greeting("tcp://127.0.0.1:0"));
    await talk(connection, ["", "Welcome!\n"], ["Rose", "Hello, Rose!"], ["Think", "Hello, Think!"]);
    connection.write("exit");
    expect(await connection.read()).toBeUndefined();
  });

  test("a line ending is not part of the message, and follows the answer", async () => {
    const connection = await connected(await greeting("tcp://127.0.0.1:0"));
    await talk(connection, ["", "Welcome!\n"], ["Rose\n", "Hello, Rose!\n"], ["Think\r\n", "Hello, Think!\r\n"]);
    connection.write("exit\n");
    expect(await connection.read()).toBeUndefined();
  });

  test('two lines in one read are one message, unless frame is "lines"', async () => {
    const asItComes = await connected(await greeting("tcp://127.0.0.1:0", { greeting: "" }));
    await talk(asItComes, ["one\ntwo\n", "Hello, one\ntwo!\n"]);
    const byLine = await connected(await greeting("tcp://127.0.0.1:0", { greeting: "", frame: "lines" }));
    await talk(byLine, ["one\ntwo\nthr", "Hello, one!\nHello, two!\n"], ["ee\n", "Hello, three!\n"]);
    byLine.write("the end");
    await byLine.end();
    expect(String(await byLine.read())).toBe("Hello, the end!");
  });

  test("a line longer than readBytes aborts the connection and is reported", async () => {
    const failures: unknown[] = [];
    const server = await serve("tcp://127.0.0.1:0", greet({ frame: "lines", readBytes: 8 }), {
      onError: (error) => failures.push(error),
    });
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const connection = await connected(server);
    connection.write("123456789\n");
    await expect(
      (async () => {
        while ((await connection.read()) !== undefined);
      })(),
    ).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(failures).toMatchObject([{ code: "ERR_SOCKWRIGHT_TOO_LONG" }]);
  });

  test("readBytes limits the bytes of one read", async () => {
    const connection = await connected(await greeting("tcp://127.0.0.1:0", { greeting: "", readBytes: 4 }));
    connection.write("abcdef");
    const answer = "Hello, abcd!Hello, ef!";
    expect(String(await connection.readExactly(answer.length))).toBe(answer);
  });

  test("bytes that are not valid UTF-8 are echoed unchanged", async () => {
    const connection = await connected(await greeting("tcp://127.0.0.1:0", { greeting: "", reply: "<{data}>" }));
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3]);
    connection.write(bytes);
    expect(await connection.readExactly(7)).toEqual(Buffer.concat([Buffer.from("<"), bytes, Buffer.from(">")]));
  });

  test("the reply can contain the address of the client", async () => {
    for (const [url, pattern] of [
      ["tcp://127.0.0.1:0", /^127\.0\.0\.1:\d+$/],
      ["tcp://[::1]:0", /^\[::1\]:\d+$/],
      [`unix:@sockwright-greet-${process.pid}`, /^$/],
    ] as const) {
      const connection = await connected(await greeting(url, { greeting: "", reply: "{address}\n" }));
      connection.write("x");
      expect(String(await connection.readUntil("\n")).trimEnd()).toMatch(pattern);
    }
  });

  test("closeAfterFirst sends only the reply from the options", async () => {
    const silent = await connected(await greeting("tcp://127.0.0.1:0", { closeAfterFirst: true }));
    await talk(silent, ["", "Welcome!\n"]);
    silent.write("Hello Server");
    expect(await silent.read()).toBeUndefined();
    const answering = await connected(
      await greeting("tcp://127.0.0.1:0", { closeAfterFirst: true, reply: "got {data}" }),
    );
    await talk(answering, ["", "Welcome!\n"], ["it", "got it"]);
    expect(await answering.read()).toBeUndefined();
  });

  test("the service answers datagrams", async () => {
    const connection = await connected(await greeting("udp://127.0.0.1:0"));
    connection.write("client1");
    expect(String(await connection.read())).toBe("Hello, client1");
  });

  test("each event is reported", async () => {
    const events: GreetEvent[] = [];
    const server = await greeting("tcp://127.0.0.1:0", { onEvent: (event) => events.push(event) });
    const connection = await connected(server);
    await talk(connection, ["", "Welcome!\n"], ["Rose", "Hello, Rose!"]);
    await connection.end();
    expect(await connection.read()).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(["opened", "message", "closed"]);
  });

  test("a datagram whose answer would be too long is not answered but reported", async () => {
    const events: GreetEvent[] = [];
    const options = { reply: `${"x".repeat(80)}{data}`, onEvent: (event: GreetEvent) => events.push(event) };
    const connection = await connected(await greeting("udp://127.0.0.1:0", options));
    connection.write("a");
    connection.write("a".repeat(10));
    expect(String(await connection.read())).toBe("x".repeat(80) + "a".repeat(10));
    expect(events.filter(({ type }) => type === "unanswered")).toMatchObject([{ reason: "amplification" }]);
  });
});

test("a delay holds up no other client: all 100 messages are received before the first is answered", async () => {
  const delayMs = 1_000;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  let messages = 0;
  const onEvent = ({ type }: GreetEvent): void => {
    if (type === "message") messages++;
  };
  const server = await greeting("tcp://127.0.0.1:0", { greeting: "", delayMs, onEvent });
  const { port } = new URL(server.urls[0] ?? "");
  const clients = Array.from({ length: 100 }, () => connectSocket(Number(port), "127.0.0.1"));
  let answered = 0;
  const answers = clients.map(async (each) => {
    const [data] = (await once(each, "data")) as [Buffer];
    answered++;
    return String(data);
  });
  for (const each of clients) each.write("x");
  while (messages < clients.length) await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(delayMs - 1);
  expect(answered).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(new Set(await Promise.all(answers))).toEqual(new Set(["Hello, x!"]));
  for (const each of clients) each.destroy();
});

describe("refusalOf", () => {
  const peer = (host: string, port: number): Peer => ({ host, port });
  const cases: readonly (readonly [Peer, string | undefined])[] = [
    [peer("192.0.2.1", 40_000), undefined],
    [peer("2001:db8::1", 40_000), undefined],
    [{ path: "/run/x" } as const, undefined],
    ...[7, 13, 17, 19, 53].map((port) => [peer("192.0.2.1", port), "answering-port"] as const),
    [peer("224.0.0.1", 40_000), "no-single-sender"],
    [peer("255.255.255.255", 40_000), "no-single-sender"],
    [peer("192.0.2.255", 40_000), "no-single-sender"],
    [peer("ff02::1", 40_000), "no-single-sender"],
    [peer("::ffff:239.1.2.3", 40_000), "no-single-sender"],
  ];
  test.each(cases)("%j: %s", (from, reason) => {
    expect(refusalOf(from, 10, 10)).toBe(reason);
  });

  test("limits an answer to MAX_AMPLIFICATION times the request plus MAX_AMPLIFICATION_EXTRA_BYTES", () => {
    const most = 10 * MAX_AMPLIFICATION + MAX_AMPLIFICATION_EXTRA_BYTES;
    expect(refusalOf(peer("192.0.2.1", 40_000), 10, most)).toBeUndefined();
    expect(refusalOf(peer("192.0.2.1", 40_000), 10, most + 1)).toBe("amplification");
  });
});

describe("the event of an unanswered datagram has the reason", () => {
  const message = (peer: Peer, data: string): DatagramMessage => ({
    data: Buffer.from(data),
    peer,
    reply: () => false,
  });

  test.for<[peer: Peer, length: number, reason: string]>([
    [{ path: "" }, 1, "no-name"],
    [{ host: "127.0.0.1", port: 0 }, 1, "no-port"],
    [{ host: "127.0.0.1", port: 5 }, 65_507, "too-long"],
    [{ host: "::1", port: 5 }, 65_525, "too-long"],
    [{ host: "127.0.0.1", port: 5 }, 1, "not-taken"],
    [{ path: "/run/x" }, 1, "not-taken"],
    [{ abstract: "x" }, 1, "not-taken"],
  ])("%j, %d bytes: %s", async ([peer, length, reason]) => {
    const events: GreetEvent[] = [];
    const service = greet({ onEvent: (event) => events.push(event) });
    await service.datagram?.(message(peer, "x".repeat(length)));
    expect(events.at(-1)).toMatchObject({ type: "unanswered", reason });
  });

  test("an unnamed Unix socket in words", () => {
    const event = new GreetEvents().eventOf({
      type: "unanswered",
      peer: { path: "" },
      data: Buffer.from("x"),
      reason: "no-name",
    });
    expect(inWords(event)).toBe("not answered: somebody, a socket without a name cannot be answered (1 so far)");
  });
});
