// Every call of layer 1 on a kernel that may shorten, interrupt, refuse or wake any call for nothing.
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  type Datagram,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Socket,
  SocketError,
  socket,
  socketpair,
  WOULD_BLOCK,
} from "../../src/index.ts";
import type { FaultyCall } from "../../src/testing/kernel-fault.ts";
import { inPlace, numbered, storms } from "./storms.ts";

const TOTAL = 5_000;
const PIECE = 700;

type Reader = (socket: Socket) => Promise<Buffer>;
type Writer = (socket: Socket, data: Buffer) => Promise<void>;

/** Calls until an empty piece arrives. */
async function untilEnd(next: () => Promise<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let piece = await next(); piece.length > 0; piece = await next()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Calls until everything is sent; each call returns its part. */
async function untilSent(data: Buffer, next: (rest: Buffer) => Promise<number>): Promise<void> {
  for (let sent = 0; sent < data.length; ) sent += await next(data.subarray(sent));
}

const readers: Readonly<Record<string, Reader>> = {
  recv: (socket) => untilEnd(() => socket.recv(PIECE)),
  "recv, MSG_WAITALL": (socket) => untilEnd(() => socket.recv(PIECE, { flags: MSG_WAITALL })),
  recv_into: (socket) =>
    untilEnd(async () => {
      const room = Buffer.alloc(PIECE);
      return room.subarray(0, await socket.recv_into(room));
    }),
  recvfrom: (socket) => untilEnd(async () => (await socket.recvfrom(PIECE))[0]),
  recvmsg: (socket) => untilEnd(async () => (await socket.recvmsg(PIECE)).data),
  recvmsg_into: (socket) =>
    untilEnd(async () => {
      const rooms = [Buffer.alloc(10), Buffer.alloc(0), Buffer.alloc(PIECE)];
      const { bytes } = await socket.recvmsg_into(rooms);
      return Buffer.concat(rooms).subarray(0, bytes);
    }),
  "readable, tryRecv": (socket) =>
    untilEnd(async () => {
      const room = Buffer.alloc(PIECE);
      for (;;) {
        const count = socket.tryRecv(room);
        if (count !== WOULD_BLOCK) return room.subarray(0, count);
        await socket.readable();
      }
    }),
  iteration: async (socket) => {
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece);
    return Buffer.concat(pieces);
  },
};

const writers: Readonly<Record<string, Writer>> = {
  send: (socket, data) => untilSent(data, (rest) => socket.send(rest)),
  sendall: (socket, data) => socket.sendall(data),
  "sendall, many at once": async (socket, data) => {
    const sends = Array.from({ length: TOTAL / 50 }, (_, index) => {
      return socket.sendall(data.subarray(index * 50, (index + 1) * 50));
    });
    await Promise.all(sends);
  },
  sendmsg: (socket, data) =>
    untilSent(data, (rest) => socket.sendmsg([rest.subarray(0, 3), rest.subarray(3, 300), rest.subarray(300)])),
  "writable, trySend": (socket, data) =>
    untilSent(data, async (rest) => {
      for (;;) {
        const count = socket.trySend(rest);
        if (count !== WOULD_BLOCK) return count;
        await socket.writable();
      }
    }),
};

function streams(): [Socket, Socket] {
  const pair = socketpair();
  onTestFinished(() => {
    for (const end of pair) end.close();
  });
  return pair;
}

describe.each(Object.entries(storms))("in %s", (_name, storm) => {
  test.for([
    ...Object.entries(readers).map(([name, reader]) => [name, reader, "sendall"] as const),
    ...Object.entries(writers).map(([name]) => [`${name}, read by recv`, readers["recv"], name] as const),
  ])("%s delivers what was sent", async ([, reader, name]) => {
    inPlace(storm);
    const [left, right] = streams();
    const data = numbered(TOTAL);
    const writing = writers[name]?.(left, data).then(() => left.close());
    expect((await reader?.(right))?.equals(data)).toBe(true);
    await writing;
  });

  test.for([SOCK_SEQPACKET, SOCK_DGRAM])("records stay whole: type %i", async (type) => {
    inPlace(storm);
    const [left, right] = socketpair(AF_UNIX, type);
    const records = Array.from({ length: 60 }, (_, index) => numbered(index + 1));
    const writing = (async () => {
      for (const [index, record] of records.entries())
        await (index % 2 === 0 ? left.send(record) : left.sendmsg([record]));
    })();
    for (const [index, record] of records.entries()) {
      const received = index % 3 === 0 ? (await right.recvmsg(100)).data : await right.recv(100);
      expect(received).toEqual(record);
    }
    await writing;
    left.close();
    right.close();
  });

  test.for([AF_INET, AF_UNIX])("datagrams arrive there and back: family %i", async (family) => {
    inPlace(storm);
    const [server, client] = [socket(family, SOCK_DGRAM), socket(family, SOCK_DGRAM)];
    for (const end of [server, client]) end.bind(family === AF_INET ? { host: "127.0.0.1", port: 0 } : { path: "" });
    const serving = (async () => {
      for await (const [data, address] of server as Socket<Datagram>) await server.sendto(data.reverse(), address);
    })();
    // A timer retries a send to a full Unix receiver: each refusal takes real time.
    const datagrams = family === AF_UNIX ? 10 : 40;
    for (let index = 0; index < datagrams; index++) {
      const data = numbered(index);
      if (index % 2 === 0) await client.sendto(data, server.getsockname());
      else await client.sendmsg([data], { address: server.getsockname() });
      expect((await client.recvfrom(100))[0]).toEqual(Buffer.from(data).reverse());
    }
    server.close();
    await serving;
    client.close();
  });

  test.for([
    [AF_INET, "accept"],
    [AF_INET, "serve"],
    [AF_UNIX, "iteration"],
    [AF_UNIX, "serve"],
  ] as const)("connections are opened and accepted: family %i, %s", async ([family, how]) => {
    const kernel = inPlace(storm);
    const listener = socket(family);
    listener.bind(family === AF_INET ? { host: "127.0.0.1", port: 0 } : { path: "" });
    const answering = answer(listener.listen(4), how);
    const clients = Array.from({ length: 20 }, async (_, index) => {
      const client = socket(family);
      await client.connect(listener.getsockname());
      await client.sendall(String(index));
      client.shutdown(1);
      const answered = String(await readers["recv"]?.(client));
      client.close();
      return answered;
    });
    expect(await Promise.all(clients)).toEqual(clients.map((_, index) => `you are ${index}`));
    listener.close();
    await answering;
    expect(kernel.openSockets).toBe(0);
  });
});

async function answer(listener: ReturnType<Socket["listen"]>, how: "accept" | "serve" | "iteration"): Promise<void> {
  const one = async (peer: Socket): Promise<void> => {
    const asked = await readers["recv"]?.(peer);
    await peer.sendall(`you are ${String(asked)}`);
    peer.close();
  };
  if (how === "serve") return listener.serve(one);
  if (how === "iteration") {
    for await (const [peer] of listener) void one(peer);
    return;
  }
  for (let taken = 0; taken < 20; taken++) void one((await listener.accept())[0]);
}

describe("an error is reported once, to the call that met it, and the socket works as before", () => {
  const sends: Readonly<Record<string, readonly [FaultyCall, (socket: Socket) => Promise<unknown>]>> = {
    send: ["send", (socket) => socket.send("again")],
    sendall: ["send", (socket) => socket.sendall("again")],
    sendmsg: ["sendmsg", (socket) => socket.sendmsg(["aga", "in"])],
    trySend: ["send", async (socket) => Number(socket.trySend("again"))],
  };
  test.for(
    ["ENOBUFS", "ENOMEM"].flatMap((code) => Object.entries(sends).map(([name, row]) => [code, name, ...row] as const)),
  )("%s of %s", async ([code, , call, send]) => {
    const kernel = inPlace(undefined);
    const [left, right] = streams();
    kernel.script(call, [code === "ENOBUFS" ? "ENOBUFS" : "ENOMEM"]);
    await expect(send(left)).rejects.toMatchObject({ code, syscall: call });
    await send(left);
    expect(String(await right.recv(16))).toBe("again");
  });

  test.for([
    ["recv", (socket: Socket) => socket.recv(9)],
    ["recv", (socket: Socket) => socket.recv_into(Buffer.alloc(9))],
    ["recvfrom", (socket: Socket) => socket.recvfrom(9)],
    ["recvmsg", (socket: Socket) => socket.recvmsg(9)],
  ] as const)("ENOMEM of %s", async ([call, receive]) => {
    const kernel = inPlace(undefined);
    const [left, right] = streams();
    await left.sendall("kept");
    kernel.script(call, ["ENOMEM"]);
    await expect(receive(right)).rejects.toMatchObject({ code: "ENOMEM", syscall: call });
    expect(String(await right.recv(9))).toBe("kept");
  });

  test("sendall reports how many bytes it sent", async () => {
    const kernel = inPlace(undefined);
    const [left, right] = streams();
    kernel.script("send", [{ atMostBytes: 3 }, "ENOBUFS"]);
    await expect(left.sendall("half of it")).rejects.toMatchObject({ code: "ENOBUFS", bytesSent: 3 });
    expect(String(await right.recv(16))).toBe("hal");
  });

  test.for(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] as const)("%s of each call that opens a socket", (code) => {
    const kernel = inPlace(undefined);
    const [left] = streams();
    const made = kernel.openSockets;
    for (const [call, make] of [
      ["socket", socket],
      ["socketpair", socketpair],
      ["dup", () => left.dup()],
    ] as const) {
      kernel.script(call, [code]);
      expect(make).toThrow(SocketError);
      expect(kernel.openSockets).toBe(made);
    }
    left.dup().close();
  });

  test.for(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EACCES", "EAGAIN"] as const)(
    "%s of connect",
    async (code) => {
      const kernel = inPlace(undefined);
      const listener = socket();
      listener.bind({ host: "127.0.0.1", port: 0 });
      listener.listen();
      const client = socket();
      kernel.script("connect", [code]);
      await expect(client.connect(listener.getsockname())).rejects.toMatchObject({ code, syscall: "connect" });
      await client.connect(listener.getsockname());
      client.close();
      listener.close();
    },
  );

  test("a connect that a signal interrupts continues", async () => {
    const kernel = inPlace(undefined);
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const client = socket(AF_INET, SOCK_STREAM);
    kernel.script("connect", ["EINTR"]);
    await client.connect(listener.getsockname());
    // The second call takes the success of the first.
    expect(kernel.callCount("connect")).toBe(2);
    client.close();
    listener.close();
  });
});
