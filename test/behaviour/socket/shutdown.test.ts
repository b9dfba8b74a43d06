import { describe, expect, test } from "vitest";
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { openStream, tcpPair, unixPair } from "../../support/sockets.ts";

describe.for([
  ["TCP", tcpPair],
  ["a Unix stream", unixPair],
] as const)("shutdown of one or both directions, over %s", ([, pair]) => {
  test("SHUT_WR: the peer reads the data and the end of the stream, and can still send", async () => {
    const [left, right] = await pair();
    await left.sendall("last words");
    left.shutdown(SHUT_WR);
    expect(String(await right.recv(1024))).toBe("last words");
    expect(await right.recv(1024)).toHaveLength(0);
    await right.sendall("answer");
    expect(String(await left.recv(1024))).toBe("answer");
    await expect(left.send("x")).rejects.toMatchObject({ code: "EPIPE", syscall: "send" });
  });

  test("SHUT_RD: a waiting receive ends, and sends still work", async () => {
    const [left, right] = await pair();
    const received = left.recv(1024);
    left.shutdown(SHUT_RD);
    expect(await received).toHaveLength(0);
    await left.sendall("still sending");
    expect(String(await right.recv(1024))).toBe("still sending");
  });

  test("SHUT_RDWR, the default: both ends read the end of the stream, and the descriptor stays open", async () => {
    const [left, right] = await pair();
    const received = right.recv(1024);
    left.shutdown();
    expect(await received).toHaveLength(0);
    expect(await left.recv(1024)).toHaveLength(0);
    expect(left.closed).toBe(false);
    expect(left.fileno()).toBeGreaterThan(0);
  });

  test("a send that waits for room rejects with EPIPE", async () => {
    const [left] = await pair();
    fill(left);
    left.settimeout(5_000);
    const sent = left.sendall("x").catch((error: unknown) => error);
    left.shutdown(SHUT_WR);
    expect(await sent).toMatchObject({ code: "EPIPE", bytesSent: 0 });
  });
});

test("shutdown of an unconnected socket throws ENOTCONN, and an unknown direction throws EINVAL", () => {
  const [left] = unixPair();
  const failure = (code: string): unknown => expect.objectContaining({ code, syscall: "shutdown" });
  expect(() => openStream().shutdown(SHUT_RDWR)).toThrow(failure("ENOTCONN"));
  expect(() => left.shutdown(17)).toThrow(failure("EINVAL"));
});
