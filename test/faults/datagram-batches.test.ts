// The faults of one datagram in a batch of receives or sends, and of the wait for a writable socket.
import { describe, expect, onTestFinished, test } from "vitest";
import type { Peer } from "../../src/server/transport/peer.ts";
import { type Connection, connect, type DatagramMessage, type Server, serve } from "../../src/server.ts";
import type { FakeKernel } from "../../src/testing/fake-kernel.ts";
import { turn, until } from "../support/until.ts";
import { inPlace } from "./storms.ts";

interface Service {
  readonly kernel: FakeKernel;
  readonly server: Server;
  readonly client: Connection;
  /** The result of `reply`. */
  readonly replied: boolean[];
  readonly errors: { readonly error: unknown; readonly peer: Peer | undefined }[];
  /** The next replies. */
  heard(count: number): Promise<string[]>;
}

/** A server that echoes; the kernel has taken its first reply, so it gathers the next ones. */
async function echoing(before?: (message: DatagramMessage) => void): Promise<Service> {
  const kernel = inPlace(undefined, { bufferBytes: 64 * 1024 });
  const replied: boolean[] = [];
  const errors: Service["errors"] = [];
  const datagram = (message: DatagramMessage): void => {
    before?.(message);
    replied.push(message.reply(`${message.data}!`));
  };
  const onError = (error: unknown, peer: Peer | undefined): void => void errors.push({ error, peer });
  const server = await serve("udp://127.0.0.1:0", { name: "echo", datagram }, { onError });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const client = await connect(server.urls[0] ?? "");
  onTestFinished(() => client.abort());
  const heard = async (count: number): Promise<string[]> => {
    const texts: string[] = [];
    while (texts.length < count) texts.push(String(await client.read()));
    return texts;
  };
  client.write("first");
  expect(await heard(1)).toEqual(["first!"]);
  replied.length = 0;
  return { kernel, server, client, replied, errors, heard };
}

function ask(client: Connection, count: number): string[] {
  const texts = Array.from({ length: count }, (_, index) => `${index}`);
  for (const text of texts) client.write(text);
  return texts.map((text) => `${text}!`);
}

describe("sends that leave together", () => {
  test.for(["EPERM", "EACCES", "EMSGSIZE", "ENOBUFS", "ENOMEM", "EINVAL"] as const)(
    "%s for one of many is told as its own, and the others are sent",
    async (code) => {
      const { kernel, server, client, replied, errors, heard } = await echoing();
      kernel.script("sendto", ["pass", "pass", code, "pass", code]);
      const answers = ask(client, 6);
      expect(await heard(4)).toEqual([answers[0], answers[1], answers[3], answers[5]]);
      expect(replied).toEqual(Array(6).fill(true));
      expect(errors).toEqual(
        Array(2).fill({
          error: expect.objectContaining({ code, syscall: "sendto" }),
          peer: expect.objectContaining({ host: "127.0.0.1" }),
        }),
      );
      expect(server.stats()).toMatchObject({ repliesSent: 5, repliesDropped: 2 });
      expect(kernel.scriptedFaults).toBe(0);
    },
  );

  test("an error that an earlier datagram caused costs none of them", async () => {
    const { kernel, server, client, errors, heard } = await echoing();
    kernel.script("sendto", ["ECONNREFUSED", "pass", "EHOSTUNREACH", "pass", "pass", "ENETUNREACH"]);
    const answers = ask(client, 4);
    expect(await heard(4)).toEqual(answers);
    expect(errors).toEqual([]);
    expect(server.stats()).toMatchObject({ repliesSent: 5, repliesDropped: 0 });
    expect(kernel.scriptedFaults).toBe(0);
  });

  test("the same error twice belongs to that datagram", async () => {
    const { kernel, server, client, errors, heard } = await echoing();
    kernel.script("sendto", ["pass", "ENETUNREACH", "ENETUNREACH"]);
    const answers = ask(client, 3);
    expect(await heard(2)).toEqual([answers[0], answers[2]]);
    expect(errors.map(({ error }) => error)).toEqual([expect.objectContaining({ code: "ENETUNREACH" })]);
    expect(server.stats()).toMatchObject({ repliesSent: 3, repliesDropped: 1 });
  });

  test("EAGAIN in the middle: the rest waits, in order, and further sends are refused meanwhile", async () => {
    const late: DatagramMessage[] = [];
    const { kernel, server, client, replied, errors, heard } = await echoing((message) => late.push(message));
    // Epoll reports the socket as writable: the second time some of the rest is sent, the third time all of it.
    kernel.script("sendto", ["pass", "EAGAIN", "EAGAIN", "pass", "EAGAIN"]);
    const answers = ask(client, 4);
    await until(() => replied.length === 4, "the questions");
    expect(replied).toEqual(Array(4).fill(true));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(server.stats().repliesSent).toBe(2);
    expect(late[0]?.reply("too much waits")).toBe(false);
    expect(await heard(4)).toEqual(answers);
    expect(kernel.scriptedFaults).toBe(0);
    expect(server.stats()).toMatchObject({ repliesSent: 5, repliesDropped: 1 });
    expect(errors).toEqual([]);
    // The socket is writable again.
    expect(late[0]?.reply("now")).toBe(true);
    expect(await heard(1)).toEqual(["now"]);
    expect(ask(client, 2)).toEqual(await heard(2));
  });

  test("an error of a waiting datagram is reported as its own", async () => {
    const { kernel, server, client, errors, heard } = await echoing();
    kernel.script("sendto", ["EAGAIN", "EPERM"]);
    const answers = ask(client, 3);
    expect(await heard(2)).toEqual(answers.slice(1));
    expect(errors.map(({ error }) => error)).toEqual([expect.objectContaining({ code: "EPERM", syscall: "sendto" })]);
    expect(server.stats()).toMatchObject({ repliesSent: 3, repliesDropped: 1 });
  });

  test.for([
    ["with room", [], { repliesSent: 4, repliesDropped: 0 }],
    ["without", ["EAGAIN"], { repliesSent: 1, repliesDropped: 3 }],
  ] as const)("a close tries the waiting datagrams once more: %s", async ([, again, counted]) => {
    const { kernel, server, client, replied, heard } = await echoing();
    kernel.script("sendto", ["EAGAIN", ...again]);
    const answers = ask(client, 3);
    await until(() => replied.length === 3, "the questions");
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await server.close();
    expect(server.stats()).toMatchObject(counted);
    if (again.length === 0) expect(await heard(3)).toEqual(answers);
  });

  test("when the socket cannot be watched, waiting datagrams are dropped and counted, and the server continues", async () => {
    const { kernel, server, client, replied, errors, heard } = await echoing();
    kernel.script("sendto", ["pass", "EAGAIN"]).script("epoll_ctl", ["ENOSPC"]);
    const answers = ask(client, 3);
    await until(() => replied.length === 3, "the questions");
    expect(await heard(1)).toEqual([answers[0]]);
    expect(server.stats()).toMatchObject({ repliesSent: 2, repliesDropped: 2 });
    expect(errors).toEqual([]);
    client.write("again");
    expect(await heard(1)).toEqual(["again!"]);
  });
});

describe("receives that come together", () => {
  test.for(["EIO", "ENOBUFS"] as const)(
    "%s after others: those are delivered, and the error is reported",
    async (code) => {
      const { kernel, client, errors, heard } = await echoing();
      kernel.script("recvfrom", ["pass", "pass", code]);
      const answers = ask(client, 4);
      expect(await heard(4)).toEqual(answers);
      expect(errors.map(({ error }) => error)).toEqual([expect.objectContaining({ code, syscall: "recvfrom" })]);
    },
  );

  test("an error of an earlier datagram after others is not reported, and costs none", async () => {
    const { kernel, client, errors, heard } = await echoing();
    kernel.script("recvfrom", ["pass", "ECONNREFUSED", "pass", "EHOSTUNREACH"]);
    const answers = ask(client, 4);
    expect(await heard(4)).toEqual(answers);
    expect(errors).toEqual([]);
  });

  test("EAGAIN in the middle ends the batch, and the rest comes with the next one", async () => {
    const { kernel, client, errors, heard } = await echoing();
    kernel.script("recvfrom", ["pass", "EAGAIN", "EAGAIN", "pass", "EAGAIN"]);
    const answers = ask(client, 4);
    expect(await heard(4)).toEqual(answers);
    expect(errors).toEqual([]);
    expect(kernel.scriptedFaults).toBe(0);
  });

  test("an onError that replies neither disturbs the batch nor overtakes it", async () => {
    const replies: boolean[] = [];
    const late: DatagramMessage[] = [];
    const { kernel, client, errors, heard } = await echoing((message) => late.push(message));
    kernel.script("sendto", ["pass", "EPERM"]);
    const push = errors.push.bind(errors);
    errors.push = (...told) => {
      replies.push(late.at(-1)?.reply("from onError") ?? false);
      return push(...told);
    };
    const answers = ask(client, 3);
    expect(await heard(3)).toEqual([answers[0], answers[2], "from onError"]);
    expect(replies).toEqual([true]);
  });
});

test("random faults lose no question that arrived, and each gets its own answer", async () => {
  const { kernel, server, client, replied } = await echoing();
  kernel.randomFaults({ seed: 11, againProbability: 0.5, interruptProbability: 0.3, spuriousProbability: 0.3 });
  const heard: string[] = [];
  void (async () => {
    for await (const answer of client) heard.push(String(answer));
  })().catch(() => undefined);
  for (let round = 0; round < 50; round++) {
    for (let index = 0; index < 5; index++) client.write(`${round}.${index}`);
    await turn();
  }
  await until(() => server.stats().datagramsReceived === 251, "all questions");
  kernel.randomFaults();
  await until(() => {
    const { repliesSent, repliesDropped } = server.stats();
    return repliesSent + repliesDropped === 251 && heard.length === repliesSent - 1;
  }, "the answers");
  expect(replied).toHaveLength(250);
  const order = heard.map((text) => text.replace("!", "").split(".").map(Number));
  const places = order.map(([round = 0, index = 0]) => round * 5 + index);
  expect(places).toEqual(places.toSorted((left, right) => left - right));
  expect(new Set(places).size).toBe(places.length);
});
