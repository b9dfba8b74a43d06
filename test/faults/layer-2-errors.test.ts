// An error in layer 2 ends only what it belongs to, and is reported.

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { kernel as kernelInUse } from "../../src/native/load.ts";
import { MAX_RECEIVE_ERRORS } from "../../src/server/transport/native-datagrams.ts";
import { type Connection, connect, type ServeOptions, serve } from "../../src/server.ts";
import type { Fault } from "../../src/testing.ts";
import { echoOf } from "../support/connected.ts";
import { turn, until } from "../support/until.ts";
import { inPlace } from "./storms.ts";

const ends = ["ENOBUFS", "ENOMEM", "EPERM", "ENETDOWN", "EHOSTUNREACH", "ETIMEDOUT", "ECONNRESET"] as const;

describe.each(["recv", "send"] as const)("%s of a stream", (call) => {
  test.for(ends)("%s: that connection ends with it, and no other does", async (code) => {
    const kernel = inPlace(undefined);
    const told: unknown[] = [];
    const echo = async (connection: Connection): Promise<void> => {
      for await (const piece of connection) connection.write(piece);
    };
    await using server = await serve("tcp://127.0.0.1:0", echo, { onError: (error) => told.push(error) });
    const [url = ""] = server.urls;
    await using other = await connect(url);
    const unlucky = await connect(url);
    expect(await Promise.all([echoOf(other), echoOf(unlucky)])).toEqual(["hello", "hello"]);
    // The client sends, and the server receives and sends: the fault applies to the first call of each kind.
    kernel.script(call, call === "send" ? ["pass", code] : [code]);
    unlucky.write("hello");
    await expect(unlucky.readExactly(5)).rejects.toThrow();
    expect(told).toEqual([expect.objectContaining({ code, syscall: call })]);
    expect(kernel.scriptedFaults).toBe(0);
    expect(await echoOf(other)).toBe("hello");
    unlucky.abort();
  });
});

describe("datagrams: each has its own result, and the socket stays open", () => {
  const replies = { lost: [false, true], sentAgain: [true, true] };
  // An error known at once is `false`; one that an earlier datagram caused is reported once, and the reply is sent again.
  const rows = [
    ["EAGAIN", replies.lost, []],
    ["ENOBUFS", replies.lost, ["recvfrom"]],
    ["ENOMEM", replies.lost, ["recvfrom"]],
    ["EMSGSIZE", replies.lost, ["recvfrom"]],
    ["ECONNREFUSED", replies.sentAgain, []],
    ["ENETUNREACH", replies.sentAgain, []],
    ["EPERM", replies.lost, ["recvfrom", "sendto"]],
  ] as const;

  test.for(rows)("%s of a reply, and of a receive", async ([code, expected, calls]) => {
    const kernel = inPlace(undefined);
    const told: unknown[] = [];
    const results: unknown[] = [];
    const service = {
      name: "answers",
      datagram: ({ data, reply }: { data: Buffer; reply(data: string): boolean }) => {
        results.push(reply(`${String(data)}!`));
      },
    };
    await using server = await serve("udp://127.0.0.1:0", service, { onError: (error) => told.push(error) });
    await using client = await connect(server.urls[0] ?? "");
    const [recvfrom, sendto] = ["recvfrom", "sendto"] as const;
    kernel.script(recvfrom, [code]).script(sendto, [code]);
    client.write("first");
    client.write("second");
    if (expected === replies.sentAgain) expect(String(await client.read())).toBe("first!");
    expect(String(await client.read())).toBe("second!");
    expect(kernel.scriptedFaults).toBe(0);
    expect(results).toEqual(expected);
    expect(told).toEqual(calls.map((syscall) => expect.objectContaining({ code, syscall })));
    const { repliesSent, repliesDropped } = server.stats();
    expect([repliesSent, repliesDropped]).toEqual([expected.filter(Boolean).length, expected.length - repliesSent]);
  });

  test("MAX_RECEIVE_ERRORS: a socket whose receives only fail is closed, and does not hold up a turn", async () => {
    const kernel = inPlace(undefined);
    const told: unknown[] = [];
    const service = { name: "deaf", datagram: () => undefined };
    await using server = await serve("udp://127.0.0.1:0", service, { onError: (error) => told.push(error) });
    await using client = await connect(server.urls[0] ?? "");
    kernel.script("recvfrom", Array(MAX_RECEIVE_ERRORS + 5).fill("EIO"));
    client.write("anybody?");
    await until(() => told.length === MAX_RECEIVE_ERRORS, "the last error");
    await turn(5);
    expect(kernel.scriptedFaults).toBe(5);
    expect(told).toHaveLength(MAX_RECEIVE_ERRORS);
  });

  // An error that an earlier datagram may have caused is retried.
  const late: readonly string[] = ["EAGAIN", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH"];
  test.for(["EAGAIN", "ENOBUFS", "ENOMEM", "EPERM", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH"] as const)(
    "%s of a client's send: one datagram is late or lost, and the client is not",
    async (code) => {
      const kernel = inPlace(undefined);
      const heard: string[] = [];
      const service = { name: "hears", datagram: ({ data }: { data: Buffer }) => void heard.push(String(data)) };
      await using server = await serve("udp://127.0.0.1:0", service);
      await using client = await connect(server.urls[0] ?? "");
      kernel.script("send", [code]);
      client.write("first");
      client.write("second");
      await until(() => heard.includes("second"), "the second datagram");
      expect(heard).toEqual(late.includes(code) ? ["first", "second"] : ["second"]);
    },
  );

  test.for(["ECONNREFUSED", "EMSGSIZE", "EACCES"] as const)("%s of a client's send is reported", async (code) => {
    const kernel = inPlace(undefined);
    await using server = await serve("udp://127.0.0.1:0", { name: "hears", datagram: () => undefined });
    const client = await connect(server.urls[0] ?? "");
    kernel.script("send", [code]);
    client.write("first");
    await expect(client.read()).rejects.toMatchObject({ code, syscall: "send" });
  });
});

describe("files that are sent", () => {
  const content = Buffer.from(Array.from({ length: 30_000 }, (_, at) => at));

  function fileOf(bytes: Buffer): number {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
    const file = openSync(join(folder, "file"), "w+");
    onTestFinished(() => {
      closeSync(file);
      rmSync(folder, { recursive: true });
    });
    writeSync(file, bytes);
    return file;
  }

  /** The bytes that arrive from a file, with data before and after it, and the results of the calls. */
  async function sent(...script: readonly Fault[]) {
    const kernel = inPlace(undefined);
    const before = kernelInUse.openDescriptors();
    let outcomes: Promise<unknown> | undefined;
    const service = async (connection: Connection): Promise<void> => {
      kernel.script("sendfile", script);
      connection.write("<");
      outcomes = Promise.allSettled([
        connection.sendFile(fileOf(content), { head: "head" }),
        connection.sendFile(fileOf(Buffer.from("second"))),
        connection.flushed(),
      ]);
      connection.write(">");
      await outcomes;
    };
    // The calls of both links.
    const options: ServeOptions = { idleTimeoutMs: 60_000, context: (_, run) => run() };
    await using server = await serve("tcp://127.0.0.1:0", service, options);
    const client = await connect(server.urls[0] ?? "");
    const pieces: Buffer[] = [];
    const error = await (async () => {
      for await (const piece of client) pieces.push(piece);
    })().catch((reason: unknown) => reason);
    expect(kernel.scriptedFaults).toBe(0);
    const told = await outcomes;
    client.abort();
    await server.close();
    expect(kernelInUse.openDescriptors()).toBe(before);
    return { got: Buffer.concat(pieces), error, outcomes: told };
  }

  const whole = Buffer.concat([Buffer.from("<head"), content, Buffer.from("second>")]);
  const all = [
    { status: "fulfilled", value: content.length },
    { status: "fulfilled", value: 6 },
    { status: "fulfilled", value: undefined },
  ];

  test.for<[string, Fault[]]>([
    [
      "a full buffer, short counts and interruptions",
      ["EAGAIN", { atMostBytes: 1 }, "EINTR", "EAGAIN", { atMostBytes: 9 }],
    ],
    ["no sendfile(2) for it, at once", ["EINVAL"]],
    ["no sendfile(2) for it, later", [{ atMostBytes: 100 }, "ENOSYS", "EOPNOTSUPP"]],
    ["a position that cannot be", [{ atMostBytes: 7 }, "EOVERFLOW"]],
  ])("%s: the bytes arrive complete and in order", async ([, script]) => {
    const { got, error, outcomes } = await sent(...script);
    expect(got.equals(whole)).toBe(true);
    expect([error, outcomes]).toEqual([undefined, all]);
  });

  test.each(["EIO", "ECONNRESET", "EPIPE", "ENOMEM"] as const)("%s in the middle ends the connection", async (code) => {
    const { got, error, outcomes } = await sent({ atMostBytes: 100 }, code);
    expect(got.length).toBeLessThanOrEqual(105);
    expect(whole.subarray(0, got.length).equals(got)).toBe(true);
    // The peer must not take the error for the end of the stream.
    if (code === "EIO" || code === "ENOMEM") expect(error).toMatchObject({ code: "ECONNRESET" });
    const lost = { status: "rejected", reason: { code, syscall: "sendfile" } };
    expect(outcomes).toMatchObject([lost, lost, lost]);
  });
});
