// R13: epoll_ctl(2) fails with ENOSPC at fs.epoll.max_user_watches, or with ENOMEM. The waiting call rejects, and other sockets continue.

import { describe, expect, test } from "vitest";
import { MSG_OOB, MSG_WAITALL, type Socket, socket, socketpair } from "../../src/index.ts";
import { type Connection, connect, serve } from "../../src/server.ts";
import { echoOf } from "../support/connected.ts";
import { inPlace } from "./storms.ts";

const BUFFER_BYTES = 512;

describe.each(["ENOSPC", "ENOMEM"] as const)("%s", (code) => {
  const refusal = { code, syscall: "epoll_ctl" };

  test.for([
    ["recv", (socket: Socket) => socket.recv(1)],
    ["recv_into", (socket: Socket) => socket.recv_into(Buffer.alloc(1))],
    ["recvfrom", (socket: Socket) => socket.recvfrom(1)],
    ["recvmsg", (socket: Socket) => socket.recvmsg(1)],
    ["readable", (socket: Socket) => socket.readable()],
    ["writable", (socket: Socket) => socket.writable()],
    ["iteration", (socket: Socket) => socket[Symbol.asyncIterator]().next()],
    ["send", (socket: Socket) => socket.send("x")],
    ["sendall", (socket: Socket) => socket.sendall("x")],
    ["sendmsg", (socket: Socket) => socket.sendmsg(["x"])],
  ] as const)("%s rejects, and the next call waits", async ([name, wait]) => {
    const kernel = inPlace(undefined, { bufferBytes: BUFFER_BYTES });
    const [left, right] = socketpair();
    const isSend = name.startsWith("send");
    if (isSend) left.trySend(Buffer.alloc(BUFFER_BYTES));
    kernel.script("epoll_ctl", [code]);
    await expect(wait(left)).rejects.toMatchObject(refusal);
    const waiting = wait(left);
    if (isSend) await right.recv(BUFFER_BYTES);
    else right.trySend("x");
    await waiting;
    left.close();
    right.close();
  });

  test("sendall reports how many bytes it sent, and nothing can be sent after the half", async () => {
    const kernel = inPlace(undefined, { bufferBytes: BUFFER_BYTES });
    const [left, right] = socketpair();
    kernel.script("epoll_ctl", [code]);
    const sending = left.sendall(Buffer.alloc(BUFFER_BYTES + 1));
    await expect(sending).rejects.toMatchObject({ ...refusal, bytesSent: BUFFER_BYTES });
    await expect(left.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
    left.close();
    right.close();
  });

  test("a receive of everything reports the bytes it has with the error", async () => {
    const kernel = inPlace(undefined);
    const [left, right] = socketpair();
    left.trySend("half");
    kernel.script("epoll_ctl", [code]);
    const receiving = right.recv(8, { flags: MSG_WAITALL });
    await expect(receiving).rejects.toMatchObject({ ...refusal, received: Buffer.from("half") });
    left.close();
    right.close();
  });

  test("a call before it continues, and so does one of the other direction", async () => {
    const kernel = inPlace(undefined, { bufferBytes: BUFFER_BYTES });
    const [left, right] = socketpair();
    left.trySend(Buffer.alloc(BUFFER_BYTES));
    const receiving = left.recv(1);
    kernel.script("epoll_ctl", [code, code]);
    await expect(left.recv(1, { flags: MSG_OOB })).rejects.toMatchObject(refusal);
    await expect(left.send("x")).rejects.toMatchObject(refusal);
    right.trySend("x");
    expect(String(await receiving)).toBe("x");
    left.close();
    right.close();
  });

  test("a connect that cannot wait rejects; the socket can only be closed", async () => {
    const kernel = inPlace(undefined);
    const client = socket();
    kernel.script("epoll_ctl", [code]);
    await expect(client.connect({ host: "127.0.0.1", port: 9 })).rejects.toMatchObject(refusal);
    await expect(client.recv(1)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CONNECT_ABANDONED" });
    client.close();
  });

  test("a listener that cannot wait pauses, and serves afterwards", async () => {
    const kernel = inPlace(undefined);
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    kernel.script("epoll_ctl", [code]);
    const served = listener.listen().serve((peer) => peer.sendall("hello"));
    expect(kernel.scriptedFaults).toBe(0);
    const client = socket();
    await client.connect(listener.getsockname());
    expect(String(await client.recv(5))).toBe("hello");
    client.close();
    listener.close();
    await served;
  });

  test("a connection of a server ends with that error, and the others continue", async () => {
    const kernel = inPlace(undefined);
    const errors: unknown[] = [];
    const echo = async (connection: Connection): Promise<void> => {
      for await (const piece of connection) connection.write(piece);
    };
    await using server = await serve("tcp://127.0.0.1:0", echo, { onError: (error) => errors.push(error) });
    const [url = ""] = server.urls;
    await using first = await connect(url);
    expect(await echoOf(first)).toBe("hello");
    // The client waits for its connection before the server does.
    kernel.script("epoll_ctl", ["pass", code]);
    const second = await connect(url);
    await expect(second.read()).resolves.toBeUndefined();
    expect(errors).toEqual([expect.objectContaining(refusal)]);
    expect(kernel.scriptedFaults).toBe(0);
    await second.close();
    await using third = await connect(url);
    for (const each of [first, third]) expect(await echoOf(each)).toBe("hello");
  });
});
