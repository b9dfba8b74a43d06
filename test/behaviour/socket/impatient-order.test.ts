// A call that must not wait (MSG_DONTWAIT, settimeout(0)) keeps its place even if the budget of the turn is spent:
// later calls run after it, and a close or a shutdown loses none.
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_UNIX,
  adopt,
  MSG_DONTWAIT,
  MSG_WAITALL,
  SHUT_WR,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  socket,
  WOULD_BLOCK,
} from "../../../src/index.ts";
import { beginTurn, CALLS_PER_TURN, takeCall } from "../../../src/native/turn.ts";
import { fakeKernel } from "../../../src/testing/fake-kernel.ts";
import { fill } from "../../support/full.ts";
import { closeAtTheEnd, openDatagrams, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";
import { turn } from "../../support/until.ts";

type Pair = () => Promise<readonly [ours: Socket<unknown>, peer: Socket<unknown>]>;

const LINUX: readonly [name: string, pair: Pair][] = [
  ["TCP", tcpPair],
  ["a Unix stream", async () => unixPair()],
  ["seqpacket", async () => recordPair(SOCK_SEQPACKET)],
  ["connected Unix datagrams", async () => recordPair(SOCK_DGRAM)],
];
const FAKE: readonly [name: string, pair: Pair][] = [
  ["TCP of the fake kernel", () => faked(tcpPair)],
  ["a Unix stream of the fake kernel", () => faked(async () => unixPair())],
];

async function faked<T>(open: () => Promise<T>): Promise<T> {
  const kernel = fakeKernel();
  const pair = await open();
  onTestFinished(() => kernel[Symbol.dispose]());
  return pair;
}

/** Uses up the calls of this turn. */
function spend(): void {
  beginTurn();
  for (let call = 0; call < CALLS_PER_TURN; call++) takeCall();
  expect(takeCall()).toBe(false);
}

/** Fills the write buffer. The fake kernel has no TCP_INFO and no data in flight: the result of trySend is enough. */
function fillAny(ours: Socket, isFake: boolean): void {
  if (!isFake) fill(ours);
  else while (ours.trySend("x".repeat(4096)) !== WOULD_BLOCK);
}

/** Receives `count` bytes, or as many records of one letter each, as one text. */
async function take(from: Socket<unknown>, count: number): Promise<string> {
  let text = "";
  while (text.length < count) {
    const bytes = await from.recv(1);
    if (bytes.length === 0) break;
    text += String(bytes);
  }
  return text;
}

const MARKS: readonly [name: string, mark: (ours: Socket<unknown>) => { flags?: number }][] = [
  ["MSG_DONTWAIT", () => ({ flags: MSG_DONTWAIT })],
  [
    "settimeout(0)",
    (ours) => {
      ours.settimeout(0);
      return {};
    },
  ],
];
const SENDS: readonly [name: string, send: (on: Socket, text: string, options: object) => Promise<unknown>][] = [
  ["send", (on, text, options) => on.send(text, options)],
  ["sendall", (on, text, options) => on.sendall(text, options)],
  ["sendmsg", (on, text, options) => on.sendmsg([text], options)],
];
const AFTER: readonly [name: string, then: (ours: Socket) => unknown][] = [
  ["trySend", (ours) => expect(ours.trySend("3")).toBe(1)],
  [
    "sendall with the new budget of an event",
    (ours) => {
      beginTurn();
      return ours.sendall("3");
    },
  ],
  [
    "settimeout(null) and sendall",
    (ours) => {
      ours.settimeout(null);
      return ours.sendall("3");
    },
  ],
  ["a dup's trySend", (ours) => expect(closeAtTheEnd(ours.dup())[0].trySend("3")).toBe(1)],
  ["detach and adopt", (ours) => expect(closeAtTheEnd(adopt(ours.detach()) as Socket)[0].trySend("3")).toBe(1)],
  [
    "getsockopt",
    (ours) => {
      ours.getsockopt(SOL_SOCKET, SO_TYPE);
      beginTurn();
      return ours.sendall("3");
    },
  ],
];

describe.each([...LINUX, ...FAKE])("%s", (name, pair) => {
  const isFake = name.includes("fake");

  describe.each(MARKS)("%s", (_mark, mark) => {
    for (const [sendName, send] of SENDS) {
      test.for(AFTER.filter(([how]) => !isFake || !/detach/.test(how)))(`${sendName}, then %s`, async ([, then]) => {
        const [ours, peer] = (await pair()) as [Socket, Socket];
        const options = mark(ours);
        spend();
        const sent = [send(ours, "1", options), send(ours, "2", options)];
        sent.push(Promise.resolve(then(ours)));
        expect(await take(peer, 3)).toBe("123");
        await Promise.all(sent);
      });
    }

    test.for([
      ["close", (ours: Socket) => ours.close()],
      ["shutdown", (ours: Socket) => ours.shutdown(SHUT_WR)],
    ] as const)("more sends than the budget, then %s: all arrive", async ([, end]) => {
      const [ours, peer] = (await pair()) as [Socket, Socket];
      const options = mark(ours);
      const text = "0123456789".repeat(name === "connected Unix datagrams" ? 1 : 13);
      if (text.length < CALLS_PER_TURN) spend();
      const sent = [...text].map((letter) => ours.send(letter, options));
      end(ours);
      expect(await take(peer, text.length)).toBe(text);
      await Promise.all(sent);
    });

    test("receives return the data in the order of the calls, in any turn", async () => {
      const [ours, peer] = (await pair()) as [Socket, Socket];
      for (const letter of "1234") await peer.sendall(letter);
      await turn();
      const options = mark(ours);
      spend();
      const first = [ours.recv(1, options), ours.recv_into(Buffer.alloc(1), options), ours.recv(1, options)];
      expect(ours.tryRecv(Buffer.alloc(1))).toBe(WOULD_BLOCK);
      beginTurn();
      const last = ours.recv(1, options);
      expect((await Promise.all([...first, last])).map(String)).toEqual(["1", "1", "3", "4"]);
    });

    test("a receive gets its data before a receive of a dup", async () => {
      const [ours, peer] = (await pair()) as [Socket, Socket];
      for (const letter of "12") await peer.sendall(letter);
      await turn();
      const options = mark(ours);
      spend();
      const first = ours.recv(1, options);
      const [duplicate] = closeAtTheEnd(ours.dup());
      const room = Buffer.alloc(1);
      expect(duplicate.tryRecv(room)).toBe(1);
      expect([String(await first), String(room)]).toEqual(["1", "2"]);
    });

    test("a receive that finds no data in its turn fails with EAGAIN, and so does the one behind it", async () => {
      const [ours, peer] = (await pair()) as [Socket, Socket];
      const options = mark(ours);
      spend();
      const failures = await Promise.allSettled([ours.recv(1, options), ours.recv(1, options)]);
      expect(failures).toMatchObject([{ reason: { code: "EAGAIN" } }, { reason: { code: "EAGAIN" } }]);
      await peer.sendall("x");
      ours.settimeout(null);
      expect(String(await ours.recv(1))).toBe("x");
    });

    test("a receive behind one that begins to wait fails with EAGAIN, and the waiting one gets the data", async () => {
      const [ours, peer] = (await pair()) as [Socket, Socket];
      spend();
      const waiting = ours.recv(1);
      const options = mark(ours);
      await expect(ours.recv(1, options)).rejects.toMatchObject({ code: "EAGAIN", syscall: "recv" });
      await peer.sendall("x");
      expect(String(await waiting)).toBe("x");
    });

    test("a send without room in its turn fails with EAGAIN", async () => {
      const [ours] = (await pair()) as [Socket, Socket];
      fillAny(ours, isFake);
      const options = mark(ours);
      spend();
      const sent = await Promise.allSettled([ours.send("x", options), ours.sendall("x", options)]);
      expect(sent).toMatchObject([{ reason: { code: "EAGAIN" } }, { reason: { code: "EAGAIN" } }]);
    });

    test("an aborted send leaves the queue, and the sends behind it proceed", async () => {
      const [ours, peer] = (await pair()) as [Socket, Socket];
      const options = mark(ours);
      const controller = new AbortController();
      spend();
      const first = ours.send("1", { ...options, signal: controller.signal });
      const second = ours.send("2", options);
      controller.abort();
      await expect(first).rejects.toMatchObject({ name: "AbortError" });
      await second;
      expect(await take(peer, 1)).toBe("2");
    });
  });
});

test("a partial sendall that waited for its turn reports bytesSent, and ends the direction", async () => {
  const [ours] = unixPair();
  spend();
  const failure: unknown = await ours.sendall(Buffer.alloc(4 << 20), { flags: MSG_DONTWAIT }).catch((error) => error);
  expect(failure).toMatchObject({ code: "EAGAIN", bytesSent: expect.any(Number) });
  await expect(ours.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
});

test.for(["Linux", "the fake kernel"])("UDP, %s: datagrams leave in order, and before a close", async (where) => {
  const open = async () => [openDatagrams(), openDatagrams()] as const;
  const [sender, receiver] = where === "Linux" ? await open() : await faked(open);
  const to = receiver.getsockname();
  sender.settimeout(0);
  spend();
  const sent: Promise<unknown>[] = [sender.sendto("1", to), sender.sendmsg(["2"], { address: to })];
  beginTurn();
  sent.push(sender.sendto("3", to));
  sender.close();
  const texts: string[] = [];
  for (let count = 0; count < 3; count++) texts.push(String((await receiver.recvfrom(16))[0]));
  expect(texts).toEqual(["1", "2", "3"]);
  await Promise.all(sent);
});

test("sendto a full Unix receiver fails with EAGAIN also in a later turn", async () => {
  const receiver = openDatagrams(AF_UNIX);
  const [sender] = closeAtTheEnd(socket(AF_UNIX, SOCK_DGRAM));
  const to = receiver.getsockname();
  const untilFull = async (): Promise<never> => {
    for (;;) await sender.sendto("x", to, { flags: MSG_DONTWAIT });
  };
  await expect(untilFull()).rejects.toMatchObject({ code: "EAGAIN" });
  spend();
  await expect(sender.sendto("x", to, { flags: MSG_DONTWAIT })).rejects.toMatchObject({ code: "EAGAIN" });
});

test("connect on a non-blocking socket is EINPROGRESS, even if its timeout changes before its turn", async () => {
  const [, peer] = await tcpPair();
  const [client] = closeAtTheEnd(socket());
  client.settimeout(0);
  spend();
  const connecting = client.connect(peer.getsockname());
  client.settimeout(null);
  await expect(connecting).rejects.toMatchObject({ code: "EINPROGRESS" });
});

test("MSG_DONTWAIT with MSG_WAITALL beyond the budget returns the available data, as in C", async () => {
  const [left, right] = unixPair();
  await left.sendall("part");
  spend();
  expect(String(await right.recv(16, { flags: MSG_DONTWAIT | MSG_WAITALL }))).toBe("part");
});
