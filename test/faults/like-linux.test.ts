// The fake kernel against Linux: the same calls, one after another, have the same results.
import { describe, expect, test } from "vitest";
import { encodeNumericAddress } from "../../src/socket/address.ts";
import {
  AF_INET,
  AF_UNIX,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_WR,
  SO_ERROR,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../src/socket/constants.ts";
import { fakeKernel } from "../../src/testing/fake-kernel.ts";
import { turnLoop } from "../behaviour/poller/turns.ts";
import { abstract, loopback, World } from "./world.ts";

const scenarios: Readonly<Record<string, (world: World) => void | Promise<void>>> = {
  "a stream: parts, a look, the end"(world) {
    const [left, right] = world.pair(SOCK_STREAM);
    for (const end of [left, right]) end.poll();
    right.recv(5);
    left.send("one");
    left.send("two");
    right.poll();
    right.recv(2);
    right.recv(3, MSG_PEEK);
    right.recv(0);
    right.recv(10);
    right.recv(10);
    left.sendmsg("a", "", "bc");
    right.recvmsg(1, 1, 9);
    left.send("");
    right.recv(10);
    left.shutdown(SHUT_WR);
    left.send("late");
    left.poll();
    right.poll();
    right.recv(10);
    right.send("other way");
    left.recv(20);
  },
  "a stream whose peer closes"(world) {
    const [left, right] = world.pair(SOCK_STREAM);
    left.send("last");
    left.close();
    right.poll();
    right.send("x");
    right.recv(10);
    right.recv(10);
    right.recv(10);
    left.recv(1);
  },
  "a stream whose peer closes without having read"(world) {
    const [left, right] = world.pair(SOCK_STREAM);
    left.send("unread");
    right.send("read");
    right.close();
    left.poll();
    left.recv(10);
    left.recv(10);
    left.recv(10);
    left.option(SO_ERROR);
    left.send("x");
  },
  "a stream that does not read any more"(world) {
    const [left, right] = world.pair(SOCK_STREAM);
    left.send("before");
    right.shutdown(SHUT_RD);
    right.poll();
    right.recv(10);
    right.recv(10);
    left.send("x");
    left.poll();
  },
  "two descriptors of one socket"(world) {
    const [left, right] = world.pair(SOCK_STREAM);
    const copy = left.dup();
    left.close();
    right.poll();
    copy.send("still here");
    right.recv(20);
    copy.close();
    right.recv(20);
  },
  "an error that is read by SO_ERROR is gone"(world) {
    const [left, right] = world.pair(SOCK_STREAM);
    left.send("unread");
    right.close();
    left.option(SO_ERROR);
    left.option(SO_ERROR);
    left.recv(5);
    left.recv(5);
  },
  async "a connection: end, and data after it"(world) {
    const [client, server] = await world.connection();
    for (const end of [client, server]) end.poll();
    client.getpeername();
    server.getpeername();
    client.send("hello");
    await turnLoop();
    server.recv(3);
    server.recv(10);
    client.shutdown(SHUT_WR);
    await turnLoop();
    server.poll();
    server.recv(5);
    server.send("reply");
    await turnLoop();
    client.recv(10);
    server.close();
    await turnLoop();
    client.poll();
    client.recv(10);
    client.send("x");
  },
  async "bytes of a connection that are discarded, and not written"(world) {
    const [client, server] = await world.connection();
    client.send("discarded, read");
    await turnLoop();
    server.recv(4, MSG_TRUNC | MSG_PEEK);
    server.recv(11, MSG_TRUNC);
    server.recv(10);
    const [left, right] = world.pair(SOCK_STREAM);
    left.send("written all the same");
    right.recv(7, MSG_TRUNC);
    right.recv(20);
  },
  async "a connection that is reset"(world) {
    const [client, server] = await world.connection();
    client.send("before");
    await turnLoop();
    client.resetAtClose();
    client.close();
    await turnLoop();
    server.poll();
    server.recv(10);
    server.recv(10);
    server.recv(10);
    server.send("x");
  },
  async "a connection whose peer is gone, written to"(world) {
    const [client, server] = await world.connection();
    server.close();
    await turnLoop();
    client.send("x");
    await turnLoop();
    client.poll();
    client.send("x");
    client.send("x");
    client.recv(5);
  },
  async "a connection closed with something unread"(world) {
    const [client, server] = await world.connection();
    client.send("unread");
    await turnLoop();
    server.close();
    await turnLoop();
    client.send("x");
    client.send("x");
    client.recv(5);
  },
  async "a connection that is connected again"(world) {
    const [client] = await world.connection();
    const { name } = client;
    await client.connect(name);
    await client.connect(name);
    await client.connect(name);
    client.getpeername();
  },
  async "nobody listens"(world) {
    const gone = world.socket(AF_INET, SOCK_STREAM);
    gone.bind(loopback());
    const { name } = gone;
    gone.close();
    const client = world.socket(AF_INET, SOCK_STREAM);
    await client.connect(name);
    client.option(SO_ERROR);
    client.option(SO_ERROR);
    client.getpeername();
    client.send("x");
    client.recv(1);
  },
  async "a listener"(world) {
    const listener = world.socket(AF_INET, SOCK_STREAM);
    listener.accept();
    listener.bind(loopback());
    listener.bind(loopback());
    listener.accept();
    listener.listen(1);
    listener.poll();
    listener.accept();
    const client = world.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.name);
    listener.poll();
    listener.recv(1);
    const rival = world.socket(AF_INET, SOCK_STREAM);
    rival.bind(listener.name);
    listener.close();
    await turnLoop();
    client.recv(1);
    client.recv(1);
  },
  async "a Unix listener whose backlog is full, and that closes"(world) {
    const listener = world.socket(AF_UNIX, SOCK_STREAM);
    listener.listen(1);
    listener.bind(abstract());
    listener.listen(0);
    const clients = [0, 1].map(() => world.socket(AF_UNIX, SOCK_STREAM));
    for (const client of clients) await client.connect(listener.name);
    clients[0]?.send("queued");
    listener.poll();
    listener.close();
    for (const client of clients) {
      client.poll();
      client.recv(5);
      client.recv(5);
    }
  },
  async "Unix connections, and names of nobody"(world) {
    const listener = world.socket(AF_UNIX, SOCK_SEQPACKET);
    listener.bind(abstract());
    listener.listen(5);
    const client = world.socket(AF_UNIX, SOCK_SEQPACKET);
    client.getsockname();
    client.getpeername();
    await client.connect(listener.name);
    const server = listener.accept();
    server.getsockname();
    server.getpeername();
    client.send("record");
    server.recv(3);
    const stream = world.socket(AF_UNIX, SOCK_STREAM);
    await stream.connect(listener.name);
    await stream.connect(abstract());
    await stream.connect(encodeNumericAddress(AF_UNIX, { path: "/nowhere/at/all" }).sockaddr);
    const datagrams = world.socket(AF_UNIX, SOCK_DGRAM);
    datagrams.send("x");
    datagrams.sendto("x", abstract());
  },
  "records: empty, cut, looked at, and the end"(world) {
    const [left, right] = world.pair(SOCK_SEQPACKET);
    for (const record of ["one", "", "three", "four"]) left.send(record);
    right.recv(0, MSG_PEEK | MSG_TRUNC);
    right.recv(9);
    right.recv(9);
    right.recv(2);
    right.recvmsg(1, 2);
    right.recv(9);
    left.shutdown(SHUT_WR);
    right.recv(9);
    right.recv(9);
    right.poll();
    right.send("x");
    right.close();
    left.recv(9);
    left.recv(9);
    left.send("y");
  },
  "datagrams of a pair, and a peer that is gone"(world) {
    const [left, right] = world.pair(SOCK_DGRAM);
    left.poll();
    for (const record of ["one", "", "three"]) left.send(record);
    right.recv(2, MSG_TRUNC);
    right.recv(9);
    right.recvmsg(2, 9);
    right.recv(9);
    left.getsockname();
    left.getpeername();
    right.send("lost with the pair");
    right.close();
    left.poll();
    left.recv(4, MSG_PEEK);
    left.send("x");
    left.recv(9);
    left.send("x");
    left.getpeername();
    left.poll();
  },
  async "UDP: to whom, from whom, and nobody"(world) {
    const [server, client] = [world.socket(AF_INET, SOCK_DGRAM), world.socket(AF_INET, SOCK_DGRAM)];
    server.bind(loopback());
    client.send("x");
    client.getsockname();
    client.sendto("hello", server.name);
    await turnLoop();
    server.poll();
    server.recv(3);
    server.recv(9);
    server.getpeername();
    client.listen(5);
    client.accept();
    await client.connect(server.name);
    client.getpeername();
    client.send("connected");
    await turnLoop();
    server.recv(20);
    server.close();
    client.send("to nobody");
    await turnLoop();
    client.poll();
    client.recv(9);
    client.recv(9);
    client.shutdown(SHUT_WR);
    client.send("x");
  },
  "what has no connection"(world) {
    for (const [family, type] of [
      [AF_INET, SOCK_STREAM],
      [AF_UNIX, SOCK_STREAM],
      [AF_UNIX, SOCK_SEQPACKET],
      [AF_INET, SOCK_DGRAM],
      [AF_UNIX, SOCK_DGRAM],
    ] as const) {
      const alone = world.socket(family, type);
      alone.poll();
      alone.option(SO_TYPE);
      alone.recv(1);
      alone.send("x");
      alone.getsockname();
      alone.getpeername();
      alone.close();
      alone.close();
    }
  },
};

async function transcript(run: (world: World) => void | Promise<void>): Promise<string[]> {
  const world = new World();
  await run(world);
  return world.log;
}

describe("as on Linux", () => {
  test.for(Object.entries(scenarios))("%s", async ([, run]) => {
    const linux = await transcript(run);
    using _ = fakeKernel();
    expect(await transcript(run)).toEqual(linux);
    expect(linux.length).toBeGreaterThan(5);
  });
});
