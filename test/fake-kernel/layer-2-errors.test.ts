// Errors that end something in layer 2 end that alone, and are told.
import { describe, expect, test } from "vitest";
import { type Connection, connect, serve } from "../../src/server.ts";
import { inPlace } from "./storms.ts";

const ends = ["ENOBUFS", "ENOMEM", "EPERM", "ENETDOWN", "EHOSTUNREACH", "ETIMEDOUT", "ECONNRESET"] as const;

async function asked(connection: Connection): Promise<string> {
  connection.write("hello");
  return String(await connection.readExactly(5));
}

describe.each(["recv", "send"] as const)("%s of a stream", (call) => {
  test.for(ends)("%s: that connection is lost for it, and no other", async (code) => {
    const kernel = inPlace(undefined);
    const told: unknown[] = [];
    const echo = async (connection: Connection): Promise<void> => {
      for await (const piece of connection) connection.write(piece);
    };
    await using server = await serve("tcp://127.0.0.1:0", echo, { onError: (error) => told.push(error) });
    const [url = ""] = server.urls;
    await using other = await connect(url);
    const unlucky = await connect(url);
    expect(await Promise.all([asked(other), asked(unlucky)])).toEqual(["hello", "hello"]);
    // The client sends, the server receives, and sends: of its calls the first of each kind is the one.
    kernel.script(call, call === "send" ? ["pass", code] : [code]);
    unlucky.write("hello");
    await expect(unlucky.readExactly(5)).rejects.toThrow();
    expect(told).toEqual([expect.objectContaining({ code, syscall: call })]);
    expect(kernel.scriptedFaults).toBe(0);
    expect(await asked(other)).toBe("hello");
    unlucky.abort();
  });
});

describe("datagrams: each has its own result, and the socket stays open", () => {
  test.for(["ENOBUFS", "EAGAIN", "EMSGSIZE", "ECONNREFUSED", "EPERM", "ENETUNREACH", "ENOMEM"] as const)(
    "%s of a reply, and of a receive",
    async (code) => {
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
      expect(String(await client.read())).toBe("second!");
      expect(kernel.scriptedFaults).toBe(0);
      // What has no room is dropped, as datagrams are; what cannot be sent is told to who sends.
      const isDropped = code === "EAGAIN" || code === "ENOBUFS";
      expect(results).toEqual(isDropped ? [false, true] : [true]);
      expect(told).toEqual(isDropped ? [] : [expect.objectContaining({ code, syscall: "sendto" })]);
    },
  );
});
