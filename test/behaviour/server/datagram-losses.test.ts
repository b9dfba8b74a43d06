// A datagram client gets one error per lost datagram and stays open, as with Go's net.UDPConn and Python's socket.
import { randomUUID } from "node:crypto";
import { Socket as UdpSocket } from "node:dgram";
import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import { kernel } from "../../../src/native/load.ts";
import { type Connection, type Server, serve } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { inPlace } from "../../faults/storms.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn } from "../../support/until.ts";

const echo = {
  name: "echo",
  datagram: ({ data, reply }: { data: Buffer; reply(data: Buffer): boolean }): void => void reply(data),
};

/** A URL of the scheme on which a server has stopped listening. */
async function deserted(scheme: string): Promise<string> {
  const server = await serve(scheme === "udp" ? "udp://127.0.0.1:0" : `unix-dgram:@${randomUUID()}`, echo);
  const url = urlOf(server);
  await server.close();
  return url;
}

async function asked(client: Connection, question: string): Promise<string> {
  client.write(question);
  return String(await client.read());
}

/** The calls that can report an error. */
const READS: Record<string, (client: Connection) => Promise<unknown>> = {
  read: (client) => client.read(),
  readExactly: (client) => client.readExactly(1_000),
  "a loop": async (client) => {
    for await (const data of client) expect(data).toBeUndefined();
  },
  "frames.next": (client) => client.frames(lines()).next(),
  onBytes: (client) => client.onBytes(() => undefined),
  "frames.onFrame": (client) => client.frames(lines()).onFrame(() => undefined),
};

const ROWS = [
  ["native", "udp"],
  ["node", "udp"],
  ["memory", "udp"],
  ["native", "unix-dgram"],
  ["memory", "unix-dgram"],
] as const;

describe.each(ROWS)("over %s, %s", (transport, scheme) => {
  beforeEach(() => {
    if (transport !== "memory") vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
    else {
      const memory = memoryTransport();
      onTestFinished(() => memory[Symbol.dispose]());
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  /** A client whose peer has closed its socket. */
  async function alone(): Promise<{ client: Connection; url: string; comeBack(): Promise<Server> }> {
    const first = await serving(echo, {}, scheme === "udp" ? "udp://127.0.0.1:0" : `unix-dgram:@${randomUUID()}`);
    const url = urlOf(first);
    const client = await connected(first);
    expect(await asked(client, "there?")).toBe("there?");
    await first.close();
    return { client, url, comeBack: () => serving(echo, {}, url) };
  }

  test.each(Object.entries(READS))(
    "a waiting %s rejects with ECONNREFUSED, and the client hears a peer that comes back",
    async (_name, wait) => {
      const { client, comeBack } = await alone();
      const told = wait(client);
      client.write("anybody?");
      await expect(told).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await comeBack();
      expect(await asked(client, "back?")).toBe("back?");
      expect(client.signal.aborted).toBe(false);
    },
  );

  test("a later read rejects once, and a datagram sent after the lost one arrives", async () => {
    const { client, comeBack } = await alone();
    client.write("anybody?");
    // The next call on a socket reports the error if no read is pending.
    await turn(20);
    await comeBack();
    client.write("back?");
    await turn(20);
    const first: unknown = await client.read().catch((error: unknown) => error);
    const second: unknown = await client.read().catch((error: unknown) => error);
    const told = [first, second].map((each) => (Buffer.isBuffer(each) ? String(each) : each));
    expect(told).toContain("back?");
    expect(told).toContainEqual(expect.objectContaining({ code: "ECONNREFUSED" }));
    expect(await asked(client, "still?")).toBe("still?");
  });

  test("every lost datagram is reported", async () => {
    const { client } = await alone();
    for (const word of ["one", "two", "three"]) {
      await expect(asked(client, word)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  test("a datagram that is too long is reported, and the next one is sent", async () => {
    const client = await connected(await serving(echo, {}, await deserted(scheme)));
    // More than a Linux socket sends at once by default.
    const waiting = client.read();
    client.write(Buffer.alloc(1024 * 1024));
    await expect(waiting).rejects.toMatchObject({ code: "EMSGSIZE", syscall: "send" });
    expect(await asked(client, "short")).toBe("short");
  });

  test("close() rejects if it loses a datagram, and the socket is closed", async () => {
    const client = await connected(await serving(echo, {}, await deserted(scheme)));
    client.write(Buffer.alloc(1024 * 1024));
    client.write("short");
    await expect(client.close()).rejects.toMatchObject({ code: "EMSGSIZE" });
    expect(client.stats().bytesWaiting).toBe(0);
    expect(await client.read()).toBeUndefined();
  });
});

describe("an error of one send", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  /** Per transport, how the next sends fail. Memory has only the failures above. */
  const FAILURES: Record<string, (code: keyof typeof constants.errno, times: number) => void> = {
    native(code, times) {
      inPlace(undefined).script("send", Array<typeof code>(times).fill(code));
    },
    node(code, times) {
      vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
      const { send } = UdpSocket.prototype;
      let left = times;
      vi.spyOn(UdpSocket.prototype, "send").mockImplementation(function (this: UdpSocket, ...given: unknown[]) {
        const told = given[1];
        if (typeof told !== "function" || left-- <= 0) return Reflect.apply(send, this, given);
        const error = Object.assign(new Error(code), { code, errno: -constants.errno[code], syscall: "send" });
        queueMicrotask(() => void told(error));
      });
    },
  };

  async function client(transport: string, code: keyof typeof constants.errno, times: number): Promise<Connection> {
    FAILURES[transport]?.(code, times);
    return connected(await serving(echo, {}, "udp://127.0.0.1:0"));
  }

  describe.each(["native", "node"])("over %s", (transport) => {
    test.each(["EPERM", "EACCES"] as const)(
      "%s of one attempt is reported once, and the next send works",
      async (code) => {
        const udp = await client(transport, code, 1);
        await expect(asked(udp, "lost")).rejects.toMatchObject({ code, syscall: "send" });
        expect(await asked(udp, "next")).toBe("next");
      },
    );

    // The second attempt fails too: the error belongs to this datagram.
    test.each(["ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "ECONNREFUSED", "EMSGSIZE"] as const)(
      "%s of both attempts is reported once, and the next send works",
      async (code) => {
        const udp = await client(transport, code, 2);
        await expect(asked(udp, "lost")).rejects.toMatchObject({ code, syscall: "send" });
        expect(await asked(udp, "next")).toBe("next");
      },
    );

    // A router whose next link has a smaller MTU also causes EMSGSIZE.
    test.each(["ENETUNREACH", "ECONNREFUSED", "EMSGSIZE"] as const)(
      "%s of an earlier datagram does not lose the next one",
      async (code) => {
        const udp = await client(transport, code, 1);
        await expect(asked(udp, "sent")).rejects.toMatchObject({ code });
        expect(String(await udp.read())).toBe("sent");
      },
    );

    test.each(["ENOBUFS", "ENOMEM"] as const)(
      "%s is not reported: the kernel had no room for the datagram",
      async (code) => {
        const udp = await client(transport, code, 1);
        udp.write("lost");
        expect(await asked(udp, "next")).toBe("next");
      },
    );

    test.each(["EBADF", "EINVAL", "EPIPE"] as const)("%s ends the socket", async (code) => {
      const udp = await client(transport, code, 1);
      await expect(asked(udp, "lost")).rejects.toMatchObject({ code });
      await expect(udp.read()).rejects.toMatchObject({ code });
      expect(udp.write("more")).toBe(false);
      expect(udp.signal.aborted).toBe(true);
    });
  });

  test("EBADF of a receive ends the socket", async () => {
    const udp = await connected(await serving(echo, {}, "udp://127.0.0.1:0"));
    vi.spyOn(kernel, "recv").mockReturnValue(-constants.errno.EBADF);
    await expect(asked(udp, "hello")).rejects.toMatchObject({ code: "EBADF" });
    await expect(udp.read()).rejects.toMatchObject({ code: "EBADF" });
  });
});
