// Data that arrived before a connection was lost is read before the loss is reported, and belongs to that connection.
import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_TCP,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  TCP_INFO,
} from "../../../src/index.ts";
import { EPOLLERR } from "../../../src/native/poller.ts";
import { NativeLink } from "../../../src/server/transport/native-link.ts";
import { type Connection, connect } from "../../../src/server.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const SECRET = "the secret of another client, which is longer than the record";

/** Leaves bytes of another stream in the memory that streams are received into. */
async function receiveSecret(): Promise<void> {
  let hasCome = false;
  const server = await serving((connection) =>
    connection.onBytes(() => {
      hasCome = true;
    }),
  );
  const client = await connect(urlOf(server));
  onTestFinished(() => client.abort());
  client.write(SECRET);
  await until(() => hasCome, "the secret");
}

/** Returns the native link of the next connection that is opened. */
function nextLink(): { readonly link: NativeLink } {
  const found: NativeLink[] = [];
  const { open } = NativeLink.prototype;
  const spy = vi.spyOn(NativeLink.prototype, "open").mockImplementation(function (this: NativeLink, input, output) {
    found.push(this);
    open.call(this, input, output);
  });
  onTestFinished(() => spy.mockRestore());
  return {
    get link() {
      const last = found.at(-1);
      if (last === undefined) throw new Error("no link");
      return last;
    },
  };
}

/** Opens a connection of layer 2 and its peer of layer 1, by the kind of record socket. */
async function records(kind: "udp" | "unix-dgram" | "unix-seqpacket") {
  const name = `@sockwright-${randomUUID()}`;
  const peer =
    kind === "udp" ? socket(AF_INET, SOCK_DGRAM) : socket(AF_UNIX, kind === "unix-dgram" ? SOCK_DGRAM : SOCK_SEQPACKET);
  onTestFinished(() => peer.close());
  if (kind === "udp") peer.bind({ host: "127.0.0.1", port: 0 });
  else peer.bind({ abstract: name.slice(1) });
  const { port } = kind === "udp" ? peer.getsockname() : { port: 0 };
  const url = kind === "udp" ? `udp://127.0.0.1:${port}` : `${kind}:${name}`;
  if (kind === "unix-seqpacket") peer.listen();
  const connection = await connect(url);
  onTestFinished(() => connection.abort());
  if (kind === "unix-seqpacket") {
    const [accepted] = await peer.accept();
    onTestFinished(() => accepted.close());
    return { connection, peer, send: (data: string) => accepted.send(Buffer.from(data)) };
  }
  connection.write("who");
  const [, address] = await peer.recvfrom(100);
  if (address === undefined) throw new Error("no address");
  return { connection, peer, send: (data: string) => peer.sendto(Buffer.from(data), address) };
}

test.each(["udp", "unix-dgram", "unix-seqpacket"] as const)(
  "EPOLLERR without a pending error: %s delivers its own record once, and no bytes of another connection",
  async (kind) => {
    await receiveSecret();
    const found = nextLink();
    const { connection, send } = await records(kind);
    const { link } = found;
    expect(connection.signal.aborted).toBe(false);
    await send("mine");
    link.onReady(EPOLLERR);
    expect(String(await connection.read())).toBe("mine");
    expect(connection.signal.aborted).toBe(false);
    await send("mine too");
    expect(String(await connection.read())).toBe("mine too");
  },
);

/** Reads a connection to its end; returns its pieces and the code of the error that it ends with. */
async function all(connection: Connection) {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of connection) pieces.push(Buffer.from(piece));
  } catch (error) {
    return { pieces, code: error instanceof Error && "code" in error ? error.code : error };
  }
  return { pieces, code: undefined };
}

/** Starts a server and keeps its connection for the test. */
async function accepted(url?: string) {
  const opened: Connection[] = [];
  const server = await serving(
    async (connection) => {
      connection.write("unread");
      opened.push(connection);
      await new Promise((resolve) => connection.signal.addEventListener("abort", resolve));
    },
    {},
    url,
  );
  const begun = async (): Promise<Connection> => {
    await until(() => (opened[0]?.stats().bytesWritten ?? 0) > 0, "the connection");
    const [connection] = opened;
    if (connection === undefined) throw new Error("no connection");
    return connection;
  };
  return { server, begun };
}

function peerOf(type: number, family = AF_UNIX): Socket<unknown> {
  const peer = socket(family, type);
  onTestFinished(() => peer.close());
  return peer;
}

const SENT = 100_000;

test("a Unix stream delivers all bytes after its peer has closed with bytes unread, with the signal in use", async () => {
  const name = `sockwright-${randomUUID()}`;
  const { begun } = await accepted(`unix:@${name}`);
  const peer = peerOf(SOCK_STREAM);
  await peer.connect({ abstract: name });
  const connection = await begun();
  await peer.sendall(Buffer.alloc(SENT, 1));
  peer.close();
  await until(() => connection.signal.aborted, "the signal");
  const { pieces, code } = await all(connection);
  expect([Buffer.concat(pieces).length, code]).toEqual([SENT, "ECONNRESET"]);
});

test("TCP delivers all bytes after a reset, with the signal in use", async () => {
  const { server, begun } = await accepted();
  const peer = peerOf(SOCK_STREAM, AF_INET);
  await peer.connect({ host: "127.0.0.1", port: Number(new URL(urlOf(server)).port) });
  const connection = await begun();
  await peer.sendall(Buffer.alloc(SENT, 1));
  // tcp(7), TCP_INFO: tcpi_unacked.
  await until(() => peer.getsockopt(IPPROTO_TCP, TCP_INFO, 104).readUInt32LE(24) === 0, "the bytes to be there");
  peer.setsockopt(SOL_SOCKET, SO_LINGER, Buffer.from(new Int32Array([1, 0]).buffer));
  peer.close();
  await until(() => connection.signal.aborted, "the signal");
  const { pieces, code } = await all(connection);
  expect([Buffer.concat(pieces).length, code]).toEqual([SENT, "ECONNRESET"]);
});

// For these sockets the kernel reports the error before the records that arrived before it.
test.each([true, false])(
  "a seqpacket connection delivers all records after its peer has closed with bytes unread; signal in use: %s",
  async (isAsked) => {
    const name = `sockwright-${randomUUID()}`;
    const listener = peerOf(SOCK_SEQPACKET);
    listener.bind({ abstract: name });
    listener.listen();
    const connection = await connect(`unix-seqpacket:@${name}`);
    onTestFinished(() => connection.abort());
    const [peer] = await listener.accept();
    connection.write("unread");
    await until(() => connection.stats().bytesWritten > 0, "the write");
    for (const record of ["one", "", "three"]) await peer.send(Buffer.from(record));
    peer.close();
    if (isAsked) await until(() => connection.signal.aborted, "the signal");
    const { pieces, code } = await all(connection);
    expect([pieces.map(String), code]).toEqual([["one", "", "three"], "ECONNRESET"]);
  },
);

test.each([true, false])(
  "a UDP connection delivers all datagrams after its peer has closed; signal in use: %s",
  async (isAsked) => {
    const { connection, peer, send } = await records("udp");
    for (const record of ["one", "two"]) await send(record);
    peer.close();
    connection.write("to nobody");
    await turn();
    // ECONNREFUSED is not a loss of the connection.
    if (isAsked) expect(connection.signal.aborted).toBe(false);
    const { pieces, code } = await all(connection);
    expect([pieces.map(String), code]).toEqual([["one", "two"], "ECONNREFUSED"]);
  },
);
