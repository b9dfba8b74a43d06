// From the constructor to server_close(): when sockets are made, which calls end which waits, and what is not awaited.

import { randomUUID } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, Socket } from "../../../src/index.ts";
import {
  type Address,
  BaseRequestHandler,
  BaseServer,
  DatagramRequestHandler,
  StreamRequestHandler,
  TCPServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "../../../src/socketserver.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { turn } from "../../support/until.ts";
import { clientOf } from "./client.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

class Gate {
  open = (): void => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

async function asked(server: UDPServer, data = "hello"): Promise<Socket> {
  const client = new Socket(AF_INET, SOCK_DGRAM) as unknown as Socket;
  onTestFinished(() => client.close());
  await client.sendto(data, server.server_address);
  return client;
}

describe("the start", () => {
  test("allow_reuse_port is ignored for Unix addresses, for which the kernel refuses the option", async () => {
    for (const Server of [UnixStreamServer, UnixDatagramServer]) {
      await using server = new Server({ path: join(temporaryFolder(), "socket") }, BaseRequestHandler);
      server.allow_reuse_port = true;
      await server.bind_and_activate();
      expect(server.server_address.family).toBe(AF_UNIX);
    }
  });

  test("the constructor only stores its arguments", () => {
    const server = new TCPServer(LOOPBACK, BaseRequestHandler);
    expect([server.server_address, server.RequestHandlerClass]).toEqual([LOOPBACK, BaseRequestHandler]);
    expect([server.request_queue_size, server.allow_reuse_address, server.allow_reuse_port, server.timeout]).toEqual([
      5,
      false,
      false,
      null,
    ]);
    expect(new UDPServer(LOOPBACK, DatagramRequestHandler).max_packet_size).toBe(8192);
  });

  test("bind_and_activate binds and activates once, however often it is called", async () => {
    class Server extends TCPServer {
      calls: string[] = [];
      override async server_bind(): Promise<void> {
        this.calls.push("server_bind");
        await super.server_bind();
      }
      override server_activate(): void {
        this.calls.push("server_activate");
        void super.server_activate();
      }
    }
    await using server = new Server(LOOPBACK, BaseRequestHandler);
    await Promise.all([server.bind_and_activate(), server.bind_and_activate()]);
    await server.bind_and_activate();
    expect(server.calls).toEqual(["server_bind", "server_activate"]);
    expect(server.server_address).toEqual(server.socket.getsockname());
  });

  test("bind_and_activate that fails closes the server, and rejects with the first error", async () => {
    class Server extends TCPServer {
      override server_activate(): void {
        throw new Error("first");
      }
      override async server_close(): Promise<void> {
        await super.server_close();
        throw new Error("second");
      }
    }
    const published: unknown[] = [];
    const note = (message: unknown): void => void published.push(message);
    channel("sockwright:socketserver:error").subscribe(note);
    const server = new Server(LOOPBACK, BaseRequestHandler);
    await expect(server.bind_and_activate()).rejects.toThrow("first");
    channel("sockwright:socketserver:error").unsubscribe(note);
    expect(published).toEqual([{ error: new Error("second"), server, hook: "server_close" }]);
    expect(server.fileno()).toBe(-1);
  });

  test("a host name is resolved", async () => {
    await using server = new TCPServer({ host: "localhost", port: 0 }, BaseRequestHandler);
    await server.bind_and_activate();
    expect(server.server_address.host).toBe("127.0.0.1");
  });
});

describe("shutdown", () => {
  test("before serve_forever ends the next serve_forever at once, and the one after it serves", async () => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler);
    await server.bind_and_activate();
    const client = await clientOf(server);
    await server.shutdown();
    await server.serve_forever();
    const serving = server.serve_forever();
    expect((await client.recv(1)).length).toBe(0);
    await server.shutdown();
    await serving;
  });

  test("within a handler does not wait for the handler, but serve_forever does", async () => {
    const steps: string[] = [];
    const gate = new Gate();
    class Handler extends BaseRequestHandler<Socket> {
      override async handle(): Promise<void> {
        await this.server.shutdown();
        steps.push("shut down");
        gate.open();
        await turn(3);
        steps.push("handled");
      }
    }
    await using server = new TCPServer(LOOPBACK, Handler);
    await server.bind_and_activate();
    await clientOf(server);
    const serving = server.serve_forever().then(() => steps.push("served"));
    await gate.opened;
    await serving;
    expect(steps).toEqual(["shut down", "handled", "served"]);
  });

  test("ends the wait of handle_request", async () => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler);
    await server.bind_and_activate();
    const handling = server.handle_request();
    await server.shutdown();
    expect(await handling).toBeUndefined();
  });

  test("leaves a request that get_request returns later to the next serve_forever", async () => {
    const gate = new Gate();
    const handled: string[] = [];
    class Handler extends BaseRequestHandler<string> {
      override handle(): void {
        handled.push(this.request);
        void this.server.shutdown();
      }
    }
    class Server extends BaseServer<string> {
      calls = 0;
      override async get_request(): Promise<[string, Address]> {
        this.calls++;
        await gate.opened;
        return ["late", { family: AF_INET, host: "127.0.0.1", port: 1 }];
      }
    }
    const server = new Server(LOOPBACK, Handler);
    const first = server.serve_forever();
    await turn();
    await server.shutdown();
    await first;
    gate.open();
    await server.serve_forever();
    expect([handled, server.calls]).toEqual([["late"], 1]);
  });
});

describe("server_close", () => {
  test("ends a running serve_forever without an error, and the request in progress continues", async () => {
    const begun = new Gate();
    const gate = new Gate();
    class Handler extends StreamRequestHandler {
      override async handle(): Promise<void> {
        begun.open();
        await gate.opened;
        await this.wfile.write("still here");
      }
    }
    const server = new TCPServer(LOOPBACK, Handler);
    await server.bind_and_activate();
    const client = await clientOf(server);
    const serving = server.serve_forever();
    await begun.opened;
    await server.server_close();
    await server.server_close();
    gate.open();
    await serving;
    expect(String(await client.recv(100))).toBe("still here");
    await expect(server.serve_forever()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    await expect(server.handle_request()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    expect(server.fileno()).toBe(-1);
  });

  describe.each([
    ["TCPServer", () => new TCPServer({ host: "localhost", port: 0 }, BaseRequestHandler)],
    ["UDPServer", () => new UDPServer({ host: "localhost", port: 0 }, BaseRequestHandler)],
    [
      "TCPServer of a name that does not resolve",
      () => new TCPServer({ host: "name.invalid", port: 0 }, BaseRequestHandler),
    ],
  ])("while the host name of a %s is being resolved", (_, made) => {
    test.each(["serve_forever", "handle_request"] as const)("ends %s() quietly", async (call) => {
      const server = made();
      const ended = server[call]();
      await server.server_close();
      await expect(ended).resolves.toBeUndefined();
      await expect(server[call]()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    });

    test("rejects bind_and_activate(), which has not finished", async () => {
      const server = made();
      const ready = server.bind_and_activate();
      await server.server_close();
      await expect(ready).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_SOCKWRIGHT_CLOSED$|^ENOTFOUND$|^EAI_/),
      });
    });
  });

  test.each(["serve_forever", "handle_request"] as const)("in server_activate() ends %s() quietly", async (call) => {
    class Server extends TCPServer {
      override async server_activate(): Promise<void> {
        await super.server_activate();
        await this.server_close();
      }
    }
    await expect(new Server(LOOPBACK, BaseRequestHandler)[call]()).resolves.toBeUndefined();
  });

  test("does not hide an error that a hook throws afterwards", async () => {
    class Server extends TCPServer {
      override async server_activate(): Promise<void> {
        await this.server_close();
        throw new TypeError("a mistake");
      }
    }
    await expect(new Server(LOOPBACK, BaseRequestHandler).serve_forever()).rejects.toThrow("a mistake");
  });

  test("of a datagram server waits for the handlers, whose answers are sent before the socket is closed", async () => {
    const begun = new Gate();
    const gate = new Gate();
    class Handler extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        begun.open();
        await gate.opened;
        await this.wfile.write("answer");
      }
    }
    const server = new UDPServer(LOOPBACK, Handler);
    await server.bind_and_activate();
    const client = await asked(server);
    const serving = server.serve_forever();
    await begun.opened;
    let isClosed = false;
    const closing = server.server_close().then(() => {
      isClosed = true;
    });
    await turn(3);
    expect([isClosed, server.socket.closed]).toEqual([false, false]);
    gate.open();
    expect(String(await client.recv(100))).toBe("answer");
    await Promise.all([closing, serving]);
    expect(server.socket.closed).toBe(true);
  });

  test("awaited in a datagram handler does not wait for it, and its answer is sent", async () => {
    class Handler extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        await this.server.server_close();
        await this.wfile.write("last");
      }
    }
    const server = new UDPServer(LOOPBACK, Handler);
    await server.bind_and_activate();
    const client = await asked(server);
    await server.serve_forever();
    expect(String(await client.recv(100))).toBe("last");
    await server.server_close();
    expect(server.socket.closed).toBe(true);
  });

  test("removes the path that it was bound to, but not another file that replaced it", async () => {
    const place = temporaryFolder();
    for (const Server of [UnixStreamServer, UnixDatagramServer] as const) {
      const path = join(place, Server.name);
      const one = new Server({ path }, BaseRequestHandler as never);
      await one.bind_and_activate();
      expect(existsSync(path)).toBe(true);
      await one.server_close();
      expect(existsSync(path)).toBe(false);
      const other = new Server({ path }, BaseRequestHandler as never);
      await other.bind_and_activate();
      rmSync(path);
      writeFileSync(path, "somebody else's");
      await other.server_close();
      expect(existsSync(path)).toBe(true);
    }
  });
});

describe("the name of a Unix server", () => {
  const servers = [UnixStreamServer, UnixDatagramServer] as const;

  test("may be a path of bytes that are not UTF-8, which is removed on close", async () => {
    for (const Server of servers) {
      const path = Buffer.concat([Buffer.from(`${temporaryFolder()}/`), Buffer.from([0x73, 0xff, 0xfe])]);
      const server = new Server({ path }, BaseRequestHandler as never);
      await server.bind_and_activate();
      expect(server.server_address.path).toEqual(path);
      expect(existsSync(path)).toBe(true);
      await server.server_close();
      expect(existsSync(path)).toBe(false);
    }
  });

  test("may be abstract: there is no file, and the name is free again after the close", async () => {
    for (const Server of servers) {
      const abstract = `sockwright-${randomUUID()}`;
      for (let round = 0; round < 2; round++) {
        const server = new Server({ abstract }, BaseRequestHandler as never);
        await server.bind_and_activate();
        expect(server.server_address).toEqual({ family: AF_UNIX, abstract });
        expect(existsSync(abstract)).toBe(false);
        await server.server_close();
      }
    }
  });

  test("may be relative: it is removed where it was bound, even if the working directory has changed", async () => {
    const here = process.cwd();
    const [place, elsewhere] = [temporaryFolder(), temporaryFolder()];
    try {
      for (const Server of servers) {
        for (const path of ["server", Buffer.from([0x73, 0xff])]) {
          process.chdir(place);
          const server = new Server({ path }, BaseRequestHandler as never);
          await server.bind_and_activate();
          process.chdir(elsewhere);
          writeFileSync(path, "somebody else's");
          await server.server_close();
          expect(readdirSync(place)).toEqual([]);
          expect(existsSync(path)).toBe(true);
        }
      }
    } finally {
      process.chdir(here);
    }
  });
});

describe("two handlers that close each other's server both end, and both sockets are closed", () => {
  /** Closes the other one of two servers once handlers of both run. */
  class Closings {
    readonly servers: BaseServer[] = [];
    readonly #begun = [new Gate(), new Gate()] as const;

    async closeOther(server: unknown): Promise<string> {
      const own = server === this.servers[0] ? 0 : 1;
      this.#begun[own].open();
      await Promise.all(this.#begun.map(({ opened }) => opened));
      await this.servers[1 - own]?.server_close();
      return `closed by ${own}`;
    }
  }

  test.each([
    ["UDPServer", UDPServer],
    ["ThreadingUDPServer", ThreadingUDPServer],
  ])("%s", async (_name, Server) => {
    const closings = new Closings();
    class Handler extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        await this.wfile.write(await closings.closeOther(this.server));
      }
    }
    const servers = [new Server(LOOPBACK, Handler), new Server(LOOPBACK, Handler)];
    closings.servers.push(...(servers as BaseServer[]));
    await Promise.all(servers.map((each) => each.bind_and_activate()));
    const serving = servers.map((each) => each.serve_forever());
    const clients = await Promise.all(servers.map((each) => asked(each)));
    const answers = await Promise.all(clients.map((each) => each.recv(100)));
    expect(answers.map(String)).toEqual(["closed by 0", "closed by 1"]);
    await Promise.all(serving);
    await Promise.all(servers.map((each) => each.server_close()));
    expect(servers.map(({ socket }) => socket.closed)).toEqual([true, true]);
  });

  test("ThreadingTCPServer", async () => {
    const closings = new Closings();
    class Handler extends StreamRequestHandler {
      override async handle(): Promise<void> {
        await this.wfile.write(await closings.closeOther(this.server));
      }
    }
    const servers = [new ThreadingTCPServer(LOOPBACK, Handler), new ThreadingTCPServer(LOOPBACK, Handler)];
    closings.servers.push(...(servers as BaseServer[]));
    await Promise.all(servers.map((each) => each.bind_and_activate()));
    const serving = servers.map((each) => each.serve_forever());
    const clients = await Promise.all(servers.map((each) => clientOf(each)));
    const answers = await Promise.all(clients.map((each) => each.recv(100)));
    expect(answers.map(String)).toEqual(["closed by 0", "closed by 1"]);
    await Promise.all(serving);
    await Promise.all(servers.map((each) => each.server_close()));
    expect(servers.map(({ socket }) => socket.closed)).toEqual([true, true]);
  });
});

test("socket_type = SOCK_SEQPACKET serves records", async () => {
  class Server extends UnixStreamServer {
    override socket_type = SOCK_SEQPACKET;
  }
  class Handler extends BaseRequestHandler<Socket> {
    override async handle(): Promise<void> {
      await this.request.send(await this.request.recv(100));
      expect(this.client_address).toEqual({ family: AF_UNIX, path: "" });
    }
  }
  await using server = new Server({ path: join(temporaryFolder(), "records") }, Handler);
  await server.bind_and_activate();
  const client = await clientOf(server);
  await client.send("a record");
  await server.handle_request();
  expect(String(await client.recv(100))).toBe("a record");
});

test("an unbound Unix client has the path '', and an answer to it fails: handle_error receives the error", async () => {
  const told: unknown[] = [];
  class Server extends UnixDatagramServer {
    override handle_error(_request: unknown, address: Address, error: unknown): void {
      told.push(address, error);
    }
  }
  await using server = new Server({ path: join(temporaryFolder(), "server") }, DatagramRequestHandler);
  await server.bind_and_activate();
  const client = new Socket(AF_UNIX, SOCK_DGRAM);
  await client.sendto("hello", server.server_address);
  client.close();
  await server.handle_request();
  expect(told).toMatchObject([
    { family: AF_UNIX, path: "" },
    { code: "EINVAL", syscall: "sendto" },
  ]);
});

test("if handle and finish both throw, handle_error receives the first error, and the second is published", async () => {
  const told: string[] = [];
  class Handler extends BaseRequestHandler<Socket> {
    override handle(): void {
      throw new Error("handle");
    }
    override finish(): void {
      throw new Error("finish");
    }
  }
  class Server extends TCPServer {
    override handle_error(_request: unknown, _address: Address, error: unknown): void {
      told.push(String(error));
    }
  }
  const note = (message: unknown): void => void told.push(`${Reflect.get(Object(message), "hook")}`);
  channel("sockwright:socketserver:error").subscribe(note);
  await using server = new Server(LOOPBACK, Handler);
  await server.bind_and_activate();
  await clientOf(server);
  await server.handle_request();
  channel("sockwright:socketserver:error").unsubscribe(note);
  expect(told).toEqual(["finish", "Error: handle"]);
});

test("200 clients are served at once, with request_queue_size = 256", async () => {
  class Server extends TCPServer {
    override request_queue_size = 256;
  }
  class Echo extends StreamRequestHandler {
    override async handle(): Promise<void> {
      await this.wfile.write(await this.rfile.readline());
    }
  }
  await using server = new Server(LOOPBACK, Echo);
  await server.bind_and_activate();
  const serving = server.serve_forever();
  const heard = await Promise.all(
    Array.from({ length: 200 }, async (_, number) => {
      const client = await clientOf(server);
      await client.sendall(`client ${number}\n`);
      return String(await client.recv(100));
    }),
  );
  expect(heard).toEqual(Array.from({ length: 200 }, (_, number) => `client ${number}\n`));
  await server.shutdown();
  await serving;
});

describe("bad input", () => {
  test.each([
    ["no class", {}, /"RequestHandlerClass" argument must be a class that extends BaseRequestHandler/],
    ["a class without handle", class Other {}, /"RequestHandlerClass"/],
    ["undefined", undefined, /"RequestHandlerClass"/],
    ["a module that is no URL", { module: "./handler.js", name: "Echo" }, /"RequestHandlerClass.module"/],
    ["an invalid name", { module: new URL("file:///handler.js"), name: 1 }, /"RequestHandlerClass.name"/],
  ])("an invalid handler class is refused: %s", (_, handler, message) => {
    expect(() => new TCPServer(LOOPBACK, handler as never)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message: expect.stringMatching(message) }),
    );
  });

  test.each([
    ["a path for TCP", { path: "/tmp/x" }, "ERR_INVALID_ARG_TYPE"],
    ["IPv6 for IPv4", { host: "::1", port: 0 }, "ERR_INVALID_ARG_VALUE"],
    ["an invalid port", { host: "127.0.0.1", port: 70_000 }, "ERR_SOCKET_BAD_PORT"],
    ["a pair, as in Python", ["127.0.0.1", 0], "ERR_INVALID_ARG_TYPE"],
    ["a family of another kind", { family: AF_UNIX, host: "127.0.0.1", port: 0 }, "ERR_INVALID_ARG_VALUE"],
  ])("%s: the error names server_address", async (_, address, code) => {
    const server = new TCPServer(address as never, BaseRequestHandler);
    await expect(server.bind_and_activate()).rejects.toMatchObject({
      code,
      message: expect.stringContaining("server_address"),
    });
  });

  test("a port in use and a name that does not resolve reject serve_forever", async () => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler);
    await server.bind_and_activate();
    const second = new TCPServer(server.server_address as never, BaseRequestHandler);
    await expect(second.serve_forever()).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
    const nowhere = new TCPServer({ host: "no-such-host.invalid", port: 0 }, BaseRequestHandler);
    await expect(nowhere.serve_forever()).rejects.toMatchObject({ syscall: "getaddrinfo" });
  });

  test("a second serve_forever is refused, and the first one continues", async () => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler);
    await server.bind_and_activate();
    const serving = server.serve_forever();
    await expect(server.serve_forever()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_SERVING" });
    expect((await (await clientOf(server)).recv(1)).length).toBe(0);
    await server.shutdown();
    await serving;
  });

  test("serve_forever of a server that was not activated rejects, and does not spin", async () => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler, false);
    await expect(server.serve_forever()).rejects.toMatchObject({
      code: "EINVAL",
      message: expect.stringContaining("call listen() first"),
    });
  });

  test.each(["TCP", "UDP", "threading TCP"])(
    "serve_forever of a %s server whose socket the program has closed rejects, and does not spin",
    async (name) => {
      const Server = { TCP: TCPServer, "threading TCP": ThreadingTCPServer }[name];
      await using server = Server
        ? new Server(LOOPBACK, BaseRequestHandler)
        : new UDPServer(LOOPBACK, DatagramRequestHandler);
      await server.bind_and_activate();
      const serving = server.serve_forever();
      await turn();
      server.socket.close();
      await expect(serving).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    },
  );

  test("seconds in place of milliseconds are refused", async () => {
    await using server = new TCPServer(LOOPBACK, BaseRequestHandler);
    await expect(server.serve_forever(0.5)).rejects.toThrow(/"poll_interval".*in milliseconds: 500 for 0\.5 s/);
    server.timeout = 1.5;
    await expect(server.handle_request()).rejects.toThrow(/"timeout"/);
  });
});
