import { closeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MSG_MORE, SHUT_WR, SOCK_SEQPACKET } from "../../../src/index.ts";
import { allBytes, recordPair, tcpPair, unixPair } from "../../support/sockets.ts";

const numbers = Array.from({ length: 1_000 }, (_, number) => `${number}\n`);

describe.for([
  ["TCP", tcpPair],
  ["a Unix stream", unixPair],
] as const)("many send calls in one turn, over %s", ([, pair]) => {
  test("arrive complete and in order", async () => {
    const [left, right] = await pair();
    const counts = Promise.all(numbers.map((line) => left.send(line)));
    const received = allBytes(right).then(String);
    expect(await counts).toEqual(numbers.map((line) => line.length));
    left.close();
    expect(await received).toBe(numbers.join(""));
  });

  test("of every kind, size and flag arrive in order", async () => {
    const [left, right] = await pair();
    const large = "x".repeat(100_000);
    const middle = "y".repeat(16 * 1024);
    const received = allBytes(right).then(String);
    await Promise.all([
      left.sendall("1"),
      left.sendall(""),
      left.send("2"),
      left.send("3", { flags: MSG_MORE }),
      left.sendmsg(["4", "5"]),
      left.sendall(large),
      left.sendall(middle),
      left.sendall("6"),
      left.send(""),
      left.sendall("7", { flags: MSG_MORE }),
      left.sendall(Buffer.from("8")),
    ]);
    left.close();
    expect(await received).toBe(`12345${large}${middle}678`);
  });

  test("arrive even if they exceed the write buffer", async () => {
    const [left, right] = await pair();
    const lines = Array.from({ length: 3_000 }, (_, number) => `${number} ${"z".repeat(number)}\n`);
    const sent = Promise.all(lines.map((line) => left.sendall(line)));
    const received = allBytes(right).then(String);
    await sent;
    left.close();
    expect((await received) === lines.join("")).toBe(true);
  });

  test("are not lost by a close right after them", async () => {
    const [left, right] = await pair();
    const sent = Promise.all(numbers.map((line) => left.send(line)));
    left.close();
    expect(String(await allBytes(right))).toBe(numbers.join(""));
    expect(await sent).toEqual(numbers.map((line) => line.length));
  });

  test("are not lost by a shutdown right after them", async () => {
    const [left, right] = await pair();
    const sent = Promise.all(numbers.map((line) => left.sendall(line)));
    left.shutdown(SHUT_WR);
    expect(String(await allBytes(right))).toBe(numbers.join(""));
    await sent;
  });

  test("are not lost by a detach right after them", async () => {
    const [left, right] = await pair();
    const sent = Promise.all(numbers.map((line) => left.sendall(line)));
    closeSync(left.detach());
    expect(String(await allBytes(right))).toBe(numbers.join(""));
    await sent;
  });

  test("reject if the peer is gone", async () => {
    const [left, right] = await pair();
    right.close();
    const outcomes = await Promise.allSettled(numbers.slice(0, 10).map((line) => left.send(line)));
    // TCP accepts the first send, and the peer's answer to it reports the error.
    for (const outcome of outcomes.filter(({ status }) => status === "rejected")) {
      expect(outcome).toMatchObject({
        reason: { code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/), syscall: "send" },
      });
    }
    expect(outcomes.at(-1)?.status).toBe("rejected");
  });
});

test("each send call of a turn is one record on a record socket", async () => {
  const [left, right] = recordPair(SOCK_SEQPACKET);
  const lines = numbers.slice(0, 100);
  const sent = Promise.all(lines.map((line) => left.send(line)));
  const records: string[] = [];
  while (records.length < lines.length) records.push(String(await right.recv(1024)));
  expect(records).toEqual(lines);
  await sent;
});
