// Mistakes of newcomers from Python, and the errors that they get.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test } from "vitest";
import { Socket } from "../../../src/index.ts";
import {
  BaseRequestHandler,
  DatagramRequestHandler,
  ForkingMixIn,
  StreamRequestHandler,
  TCPServer,
  ThreadingMixIn,
  ThreadingTCPServer,
  ThreadingUDPServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "../../../src/socketserver.ts";
import { clientOf } from "./client.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

describe("seconds in place of milliseconds", () => {
  test.each([0.5, 1.5])("%d s as timeout of a server is refused", async (timeout) => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler);
    server.timeout = timeout;
    await expect(server.handle_request()).rejects.toMatchObject({
      code: "ERR_OUT_OF_RANGE",
      message: expect.stringMatching(
        `"timeout" is out of range. It must be an integer, in milliseconds: ${timeout * 1_000} for ${timeout} s`,
      ),
    });
  });

  test("as timeout of a handler are refused", async () => {
    class Hasty extends StreamRequestHandler {
      override timeout = 1.5;
    }
    class Strict extends TCPServer {
      override handle_error(_request: unknown, _address: unknown, error: unknown): void {
        throw error;
      }
    }
    await using server = new Strict(LOOPBACK, Hasty);
    await server.bind_and_activate();
    await clientOf(server);
    await expect(server.handle_request()).rejects.toMatchObject({
      code: "ERR_OUT_OF_RANGE",
      message: expect.stringMatching(
        '"timeout" is out of range. It must be an integer, in milliseconds: 1500 for 1.5 s',
      ),
    });
  });
});

test.each([TCPServer, UDPServer, ThreadingTCPServer, ThreadingUDPServer])(
  "an object in place of the keyword argument bind_and_activate=False is refused: %o",
  (Server) => {
    const Any: new (...parts: unknown[]) => unknown = Server as never;
    for (const third of [{ bind_and_activate: false }, { allow_reuse_address: true }, null, 0, "false"]) {
      expect(() => new Any(LOOPBACK, BaseRequestHandler, third)).toThrow(
        expect.objectContaining({
          code: "ERR_INVALID_ARG_TYPE",
          message: expect.stringContaining('"bind_and_activate" argument must be of type boolean'),
        }),
      );
    }
  },
);

describe.each([
  ["ThreadingMixIn", ThreadingMixIn],
  ["ForkingMixIn", ForkingMixIn],
])("%s is a function that takes a class", (name, MixIn) => {
  const notCalled = (): unknown => {
    class Server extends (MixIn as never as new (...parts: unknown[]) => object) {}
    return new Server(LOOPBACK, BaseRequestHandler);
  };
  test.each([
    ["nothing", () => MixIn(undefined as never)],
    ["a handler", () => MixIn(BaseRequestHandler as never)],
    ["a server", () => MixIn(new TCPServer(LOOPBACK, BaseRequestHandler) as never)],
    ["a function", () => MixIn((() => undefined) as never)],
    ["extended, and not called", notCalled],
  ])("given %s, the error says how to call it", (_, call) => {
    expect(call).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_ARG_TYPE",
        message: expect.stringContaining(`"Base" argument must be a class that extends BaseServer: ${name}(TCPServer)`),
      }),
    );
  });
});

describe("a get_request that does not return a pair", () => {
  test.each([
    ["nothing", () => undefined],
    ["the socket alone", (socket: Socket) => socket],
    ["one", (socket: Socket) => [socket]],
  ])("%s: it ends the server, as in Python", async (_, given) => {
    class Server extends TCPServer {
      override async get_request(): Promise<never> {
        const [socket] = await super.get_request();
        onTestFinished(() => socket.close());
        return given(socket) as never;
      }
    }
    for (const call of ["handle_request", "serve_forever"] as const) {
      await using server = new Server(LOOPBACK, BaseRequestHandler);
      await server.bind_and_activate();
      const ended = server[call]();
      const refused = expect(ended).rejects.toMatchObject({
        name: "TypeError",
        code: "ERR_INVALID_RETURN_VALUE",
        message: expect.stringContaining('[request, client_address] to be returned from the "get_request" function'),
      });
      await clientOf(server);
      await refused;
    }
  });
});

describe("a handler for the other kind of requests", () => {
  class OfConnections extends StreamRequestHandler {}
  class OfDatagrams extends DatagramRequestHandler {}
  class Bare extends BaseRequestHandler<Socket> {}
  class Threading extends ThreadingMixIn(TCPServer) {}
  class ThreadingDatagrams extends ThreadingMixIn(UDPServer) {}

  test.each([
    // @ts-expect-error: it wants datagrams.
    ["TCPServer", () => new TCPServer(LOOPBACK, OfDatagrams)],
    // @ts-expect-error: it wants datagrams.
    ["TCPServer, the class itself", () => new TCPServer(LOOPBACK, DatagramRequestHandler)],
    // @ts-expect-error: it wants datagrams.
    ["UnixStreamServer", () => new UnixStreamServer({ path: "" }, OfDatagrams)],
    // @ts-expect-error: it wants datagrams.
    ["ThreadingTCPServer", () => new ThreadingTCPServer(LOOPBACK, OfDatagrams)],
    // @ts-expect-error: it wants datagrams.
    ["ThreadingMixIn(TCPServer)", () => new Threading(LOOPBACK, OfDatagrams)],
  ])("%s", (_, made) => {
    expect(made).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_ARG_TYPE",
        message: expect.stringContaining('"RequestHandlerClass" argument must be a class of handlers of connections'),
      }),
    );
  });

  test.each([
    // @ts-expect-error: it wants connections.
    ["UDPServer", () => new UDPServer(LOOPBACK, OfConnections)],
    // @ts-expect-error: it wants connections.
    ["UDPServer, the class itself", () => new UDPServer(LOOPBACK, StreamRequestHandler)],
    // @ts-expect-error: it wants connections.
    ["UnixDatagramServer", () => new UnixDatagramServer({ path: "" }, OfConnections)],
    // @ts-expect-error: it wants connections.
    ["ThreadingUDPServer", () => new ThreadingUDPServer(LOOPBACK, OfConnections)],
    // @ts-expect-error: it wants connections.
    ["ThreadingMixIn(UDPServer)", () => new ThreadingDatagrams(LOOPBACK, OfConnections)],
  ])("%s", (_, made) => {
    expect(made).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_ARG_TYPE",
        message: expect.stringContaining('"RequestHandlerClass" argument must be a class of handlers of datagrams'),
      }),
    );
  });

  test("is accepted by a server whose get_request returns what the handler takes", async () => {
    class Datagrams extends TCPServer<[Buffer, Socket]> {
      override get_request(): never {
        throw new Error("nothing comes");
      }
    }
    await using server = new Datagrams(LOOPBACK, OfDatagrams);
    expect(server.RequestHandlerClass).toBe(OfDatagrams);
  });

  test("the requests of a TCPServer are sockets, whatever the handler takes", () => {
    const server = new TCPServer(LOOPBACK, BaseRequestHandler);
    const servers: readonly TCPServer[] = [new TCPServer(LOOPBACK, Bare), new Threading(LOOPBACK, Bare)];
    // @ts-expect-error: a string is no socket.
    expect([server, ...servers].map((each) => each.verify_request("", each.server_address))).toEqual([
      true,
      true,
      true,
    ]);
    // @ts-expect-error: the one that was given no type has it, too.
    expect(server.verify_request("", server.server_address)).toBe(true);
  });
});

describe("a setup() that does not call super.setup()", () => {
  /** The errors that handle_error receives for one request, and the published ones. */
  async function failures(server: TCPServer | UDPServer): Promise<unknown[]> {
    const told: unknown[] = [];
    const publish = (message: unknown): unknown => told.push(message);
    subscribe("sockwright:socketserver:error", publish);
    onTestFinished(() => {
      unsubscribe("sockwright:socketserver:error", publish);
    });
    server.handle_error = (...parts: readonly unknown[]) => {
      told.push(parts[2]);
    };
    await server.bind_and_activate();
    const client = new Socket(server.address_family, server.socket_type);
    onTestFinished(() => client.close());
    await client.connect(server.server_address);
    await client.send("hello\n");
    await server.handle_request();
    return told;
  }

  function missing(name: string): unknown {
    const message = `Invalid state: there is no ${name} before setup(); an overriding setup() must call super.setup() first`;
    return expect.objectContaining({ code: "ERR_INVALID_STATE", message });
  }

  test.each(["rfile", "wfile", "connection"] as const)(
    "of a connection handler: the only error is that there is no %s",
    async (name) => {
      class Handler extends StreamRequestHandler {
        override setup(): void {}
        override handle(): void {
          expect(this[name]).toBeDefined();
        }
      }
      await using server = new TCPServer(LOOPBACK, Handler);
      expect(await failures(server)).toEqual([missing(name)]);
    },
  );

  test.each(["rfile", "wfile", "packet", "socket"] as const)(
    "of a datagram handler: the only error is that there is no %s",
    async (name) => {
      class Handler extends DatagramRequestHandler {
        override setup(): void {}
        override handle(): void {
          expect(this[name]).toBeDefined();
        }
      }
      await using server = new UDPServer(LOOPBACK, Handler);
      expect(await failures(server)).toEqual([missing(name)]);
    },
  );

  test("causes no error if the handler uses only the request", async () => {
    const read: string[] = [];
    class OfConnection extends StreamRequestHandler {
      override setup(): void {}
      override async handle(): Promise<void> {
        read.push(String(await this.request.recv(100)));
      }
    }
    class OfDatagram extends DatagramRequestHandler {
      override setup(): void {}
      override handle(): void {
        read.push(String(this.request[0]));
      }
    }
    await using streams = new TCPServer(LOOPBACK, OfConnection);
    await using datagrams = new UDPServer(LOOPBACK, OfDatagram);
    expect([await failures(streams), await failures(datagrams), read]).toEqual([[], [], ["hello\n", "hello\n"]]);
  });

  test("may create the files itself", async () => {
    const read: string[] = [];
    class Handler extends StreamRequestHandler {
      override setup(): void {
        this.connection = this.request;
        this.rfile = this.connection.makefile("rb");
        this.wfile = this.connection.makefile("wb", { buffering: 0 });
      }
      override async handle(): Promise<void> {
        read.push(String(await this.rfile.readline()));
      }
    }
    await using server = new TCPServer(LOOPBACK, Handler);
    expect([await failures(server), read]).toEqual([[], ["hello\n"]]);
  });
});
