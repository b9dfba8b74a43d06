// Socket as a class: new, instanceof and extends.
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Datagram,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  Socket,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";

/** A subclass with the names of internal fields of the library, and its own close. */
class Tagged extends Socket {
  readonly endpoint = "mine";
  readonly slot = 7;
  closes = 0;

  override close(): void {
    this.closes++;
    super.close();
  }
}

class Datagrams extends Socket<Datagram> {
  constructor() {
    super(AF_INET, SOCK_DGRAM);
  }
}

test("new Socket() has the defaults and the arguments of socket()", () => {
  const [plain, wide, records] = closeAtTheEnd(
    new Socket(),
    new Socket(AF_INET6, SOCK_DGRAM, 17),
    new Socket(AF_UNIX, SOCK_SEQPACKET),
  );
  expect([plain.family, plain.type, plain.protocol]).toEqual([AF_INET, SOCK_STREAM, 0]);
  expect([wide.family, wide.type, wide.protocol]).toEqual([AF_INET6, SOCK_DGRAM, 17]);
  expect([records.family, records.type]).toEqual([AF_UNIX, SOCK_SEQPACKET]);
});

test("socket(), socketpair(), accept() and dup() return instances of Socket", async () => {
  const [server, client] = closeAtTheEnd(socket(), socket());
  server.bind({ host: "127.0.0.1", port: 0 });
  server.listen();
  await client.connect(server.getsockname());
  const [peer] = await server.accept();
  const all = closeAtTheEnd(server, client, peer, client.dup(), ...socketpair());
  for (const each of all) expect(each).toBeInstanceOf(Socket);
  expect({}).not.toBeInstanceOf(Socket);
});

describe("a subclass", () => {
  test("connects, sends and receives; its accept returns a plain Socket", async () => {
    const [server, client] = closeAtTheEnd(new Tagged(), new Tagged());
    server.bind({ host: "127.0.0.1", port: 0 });
    server.listen();
    await client.connect(server.getsockname());
    const [peer] = await server.accept();
    closeAtTheEnd(peer);
    expect([peer instanceof Socket, peer instanceof Tagged]).toEqual([true, false]);
    await client.sendall("from a subclass");
    expect(String(await peer.recv(100))).toBe("from a subclass");
    expect([client.endpoint, client.slot]).toEqual(["mine", 7]);
    expect(inspect(client)).toMatch(/^Tagged \{ fileno: \d+/);
  });

  test("overrides close, which runs at the end of an await using block", async () => {
    const kept = await (async () => {
      await using made = new Tagged();
      return made;
    })();
    expect([kept.closed, kept.closes]).toEqual([true, 1]);
  });

  test("of a datagram Socket yields datagrams", async () => {
    const receiver = new Datagrams();
    onTestFinished(() => receiver.close());
    receiver.bind({ host: "127.0.0.1", port: 0 });
    await receiver.sendto("one", receiver.getsockname());
    for await (const [data, address] of receiver) {
      expect([String(data), address.host]).toEqual(["one", "127.0.0.1"]);
      break;
    }
  });
});

test("the type of a Socket says what its iteration yields", () => {
  const made = closeAtTheEnd(new Socket(), new Socket(AF_INET, SOCK_DGRAM), new Socket(AF_INET, Number(SOCK_STREAM)));
  const [stream, datagrams, either]: [Socket, Socket<Datagram>, Socket<Buffer | Datagram>] = made;
  // @ts-expect-error A datagram socket yields no Buffers.
  const wrong: Socket = datagrams;
  expect([stream.type, either.type, wrong.type]).toEqual([SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM]);
});
