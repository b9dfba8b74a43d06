import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, tcpPair } from "../../support/sockets.ts";

describe("attributes family, type, protocol", () => {
  test.for([
    ["no arguments", [], AF_INET, SOCK_STREAM, 0],
    ["a family", [AF_INET6], AF_INET6, SOCK_STREAM, 0],
    ["family and type", [AF_UNIX, SOCK_SEQPACKET], AF_UNIX, SOCK_SEQPACKET, 0],
    ["a protocol", [AF_INET, SOCK_DGRAM, IPPROTO_UDP], AF_INET, SOCK_DGRAM, IPPROTO_UDP],
    ["flags in the type", [AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP], AF_INET, SOCK_STREAM, 6],
  ] as const)(
    "of a socket made with %s",
    ([, [givenFamily, givenType = SOCK_STREAM, givenProtocol], family, type, protocol]) => {
      const [made] = closeAtTheEnd(
        givenFamily === undefined ? socket() : socket(givenFamily, givenType, givenProtocol),
      );
      expect(made).toMatchObject({ family, type, protocol, closed: false });
    },
  );

  test("of a pair and of an accepted socket", async () => {
    for (const each of closeAtTheEnd(...socketpair())) {
      expect(each).toMatchObject({ family: AF_UNIX, type: SOCK_STREAM, protocol: 0 });
    }
    for (const each of await tcpPair()) {
      expect(each).toMatchObject({ family: AF_INET, type: SOCK_STREAM, protocol: 0 });
    }
  });

  test("cannot be assigned", () => {
    const bare = openStream();
    for (const name of ["family", "type", "protocol", "closed"]) expect(Reflect.set(bare, name, 1)).toBe(false);
    expect(bare).toMatchObject({ family: AF_INET, type: SOCK_STREAM, protocol: 0, closed: false });
  });

  test("listen, ref and unref return the socket itself", () => {
    const server = openStream();
    server.bind({ host: "127.0.0.1", port: 0 });
    expect(server.listen()).toBe(server);
    expect(server.unref().ref()).toBe(server);
  });
});

describe("util.inspect", () => {
  test("shows the descriptor, the family, the type and the protocol", () => {
    const [left] = closeAtTheEnd(...socketpair(AF_UNIX, SOCK_SEQPACKET));
    expect(inspect(left)).toBe(`Socket { fileno: ${left.fileno()}, family: 1, type: 5, protocol: 0 }`);
    expect(inspect({ nested: left })).toContain("Socket { fileno:");
  });

  test("shows that a closed socket is closed", () => {
    const bare = socket();
    bare.close();
    expect(inspect(bare)).toBe("Socket { closed: true, family: 2, type: 1, protocol: 0 }");
  });

  test("shows the same for a listener, and nothing internal", () => {
    const listener = listenOnLoopback();
    expect(inspect(listener, { showHidden: true, depth: 5 })).toMatch(
      /^Socket \{ fileno: \d+, family: 2, type: 1, protocol: 0 \}$/,
    );
    expect(inspect(listener, { colors: true })).toContain("\u001b[");
  });
});
