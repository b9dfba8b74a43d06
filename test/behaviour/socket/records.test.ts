import { describe, expect, test } from "vitest";
import {
  AF_UNIX,
  CMSG_SPACE,
  MSG_EOR,
  MSG_TRUNC,
  SCM_CREDENTIALS,
  SCM_TIMESTAMP,
  SO_PASSCRED,
  SO_TIMESTAMP,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../../src/index.ts";
import { openDatagrams, recordPair } from "../../support/sockets.ts";

/** Enough for struct ucred or struct timeval. */
const CONTROL_ROOM = CMSG_SPACE(16);

describe("an empty datagram is a value", () => {
  test("for every call that receives", async () => {
    const [left, right] = recordPair(SOCK_DGRAM);
    for (let sent = 0; sent < 6; sent++) expect(await left.send("")).toBe(0);
    await left.send("behind them");
    expect(await right.recv(16)).toHaveLength(0);
    expect(await right.recv_into(Buffer.alloc(16))).toBe(0);
    expect((await right.recvfrom(16))[0]).toHaveLength(0);
    expect((await right.recvfrom_into(Buffer.alloc(16)))[0]).toBe(0);
    expect((await right.recvmsg(16)).data).toHaveLength(0);
    expect(right.tryRecv(Buffer.alloc(16))).toBe(0);
    expect(String(await right.recv(16))).toBe("behind them");
  });

  test("also for a receive that waits, over UDP", async () => {
    const [server, client] = [openDatagrams(), openDatagrams()];
    const waiting = server.recvfrom(16);
    await client.sendto("", server.getsockname());
    expect(await waiting).toEqual([Buffer.alloc(0), client.getsockname()]);
  });
});

describe("records keep their boundaries", () => {
  test.for([
    ["datagrams", SOCK_DGRAM],
    ["seqpackets", SOCK_SEQPACKET],
  ] as const)("%s: a call receives one record, and discards what does not fit", async ([, type]) => {
    const [left, right] = recordPair(type);
    for (const record of ["0123456789", "next", "third"]) await left.send(record);
    expect(String(await right.recv(4))).toBe("0123");
    const { data, flags } = await right.recvmsg(2);
    expect([String(data), flags & MSG_TRUNC]).toEqual(["ne", MSG_TRUNC]);
    expect(String(await right.recv(1024))).toBe("third");
  });

  test("MSG_TRUNC returns the full length of a record, and the bytes that fit", async () => {
    const [left, right] = recordPair(SOCK_DGRAM);
    for (let sent = 0; sent < 3; sent++) await left.send("0123456789");
    expect(await right.recv_into(Buffer.alloc(4), { flags: MSG_TRUNC })).toBe(10);
    expect(String(await right.recv(4, { flags: MSG_TRUNC }))).toBe("0123");
    expect(right.tryRecv(Buffer.alloc(4), MSG_TRUNC)).toBe(10);
  });

  test("a sendall sends one record or nothing", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    await left.sendall("one record");
    expect(String(await right.recv(1024))).toBe("one record");
    await expect(left.sendall(Buffer.alloc(64 * 1024 * 1024))).rejects.toMatchObject({
      code: "EMSGSIZE",
      bytesSent: 0,
    });
    await left.sendall("still usable");
    expect(String(await right.recv(1024))).toBe("still usable");
  });

  test("sends that had to wait for room are one record each", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    while (typeof left.trySend("filling") === "number");
    const sent = Promise.all([left.sendall("first"), left.send("second"), left.sendmsg(["th", "ird"])]);
    const records: string[] = [];
    while (records.at(-1) !== "third") records.push(String(await right.recv(1024)));
    expect(records.filter((record) => record !== "filling")).toEqual(["first", "second", "third"]);
    await sent;
  });
});

describe("on seqpacket an empty record and the end of the stream look the same in C", () => {
  test("recv returns an empty Buffer for both", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    await left.send("");
    expect(await right.recv(16)).toHaveLength(0);
    left.close();
    expect(await right.recv(16)).toHaveLength(0);
  });

  test.for([
    ["SO_PASSCRED", SO_PASSCRED, SCM_CREDENTIALS],
    ["SO_TIMESTAMP", SO_TIMESTAMP, SCM_TIMESTAMP],
  ] as const)("recvmsg with %s enabled distinguishes them", async ([, option, type]) => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    right.setsockopt(SOL_SOCKET, option, 1);
    for (const record of ["full", "", "full again"]) await left.send(record);
    left.close();
    for (const record of ["full", "", "full again"]) {
      const { data, control } = await right.recvmsg(1024, { control: CONTROL_ROOM });
      expect(String(data)).toBe(record);
      expect(control).toContainEqual({ level: SOL_SOCKET, type, data: expect.any(Buffer) });
    }
    const end = await right.recvmsg(1024, { control: CONTROL_ROOM });
    expect(end).toMatchObject({ data: Buffer.alloc(0), control: [] });
  });

  test("the credentials contain the process, the user and the group of the sender", async () => {
    const [left, right] = recordPair(SOCK_SEQPACKET);
    right.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    await left.send("", { flags: MSG_EOR });
    const { control } = await right.recvmsg(1024, { control: CONTROL_ROOM });
    const credentials = new Int32Array(new Uint8Array(control[0]?.data ?? []).buffer);
    expect([...credentials]).toEqual([process.pid, process.getuid?.(), process.getgid?.()]);
  });
});

test("after an error, earlier data can still be read", async () => {
  const [receiver, ghost] = [openDatagrams(), openDatagrams()];
  const closedAddress = ghost.getsockname();
  ghost.close();
  const sender = openDatagrams();
  await sender.connect(receiver.getsockname());
  await sender.send("kept");
  // udp(7): the answer "port unreachable" becomes an error of the connected socket.
  await receiver.connect(closedAddress);
  await receiver.send("to nobody");
  const outcomes: unknown[] = [];
  receiver.setblocking(false);
  while (outcomes.at(-1) !== "EAGAIN") {
    outcomes.push(await receiver.recv(1024).then(String, (error: NodeJS.ErrnoException) => error.code));
  }
  expect(outcomes).toEqual(["ECONNREFUSED", "kept", "EAGAIN"]);
});

test.for(["connected", "not connected"])("a send to a full Unix receiver waits if the sender is %s", async (state) => {
  const [server, client] = [openDatagrams(AF_UNIX), openDatagrams(AF_UNIX)];
  const address = server.getsockname();
  if (state === "connected") await client.connect(address);
  const texts = Array.from({ length: 40 }, (_, number) => `datagram ${number}`);
  const sent = Promise.all(
    texts.map((text) => (state === "connected" ? client.send(text) : client.sendto(text, address))),
  );
  const received: string[] = [];
  while (received.length < texts.length) received.push(String((await server.recvfrom(1024))[0]));
  expect(received).toEqual(texts);
  expect(await sent).toEqual(texts.map((text) => text.length));
});
