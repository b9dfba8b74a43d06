// The cases of CPython's test_socketserver (3.11) that need no thread and no process, under their names.

import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type AddressInput, AF_UNIX, SOCK_STREAM, Socket } from "../../../src/index.ts";
import {
  type Address,
  BaseRequestHandler,
  type BaseServer,
  DatagramRequestHandler,
  type HandlerClass,
  StreamRequestHandler,
  TCPServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "../../../src/socketserver.ts";
import { temporaryFolder } from "../../support/folders.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const TEST_STRING = "hello world\n";

class StreamEcho extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const line = await this.rfile.readline();
    await this.wfile.write(line);
  }
}

class DatagramEcho extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    const line = await this.rfile.readline();
    await this.wfile.write(line);
  }
}

/** Sends the test string, as CPython's stream_examine or as one datagram, and returns the answer. */
async function examined(server: TCPServer | UDPServer): Promise<string> {
  using client = new DisposedSocket(server.address_family, server.socket_type);
  if (server.socket_type !== SOCK_STREAM && server.address_family === AF_UNIX) {
    client.socket.bind({ path: join(temporaryFolder(), "client") });
  }
  await client.socket.connect(server.server_address);
  if (server.socket_type !== SOCK_STREAM) {
    await client.socket.send(TEST_STRING);
    return String(await client.socket.recv(100));
  }
  await client.socket.sendall(TEST_STRING);
  let heard = "";
  for await (const data of client.socket) {
    heard += String(data);
    if (heard.endsWith("\n")) break;
  }
  return heard;
}

class DisposedSocket {
  readonly socket: Socket;
  constructor(family: number, type: number) {
    this.socket = new Socket(family, type) as Socket;
  }
  [Symbol.dispose](): void {
    this.socket.close();
  }
}

interface ServerClass<S extends TCPServer | UDPServer, H> {
  new (address: AddressInput, handler: H): S;
}

/** CPython's run_server: three clients one after another, then shutdown and close. */
async function runServer<S extends TCPServer | UDPServer, H>(
  Server: ServerClass<S, H>,
  handler: H,
  address: AddressInput,
): Promise<void> {
  const server = new Server(address, handler);
  await server.bind_and_activate();
  const serving = server.serve_forever(10);
  for (let client = 0; client < 3; client++) expect(await examined(server)).toBe(TEST_STRING);
  await server.shutdown();
  await serving;
  await server.server_close();
  expect(server.fileno()).toBe(-1);
}

describe("SocketServerTest", () => {
  test("test_TCPServer", () => runServer(TCPServer, StreamEcho, LOOPBACK));
  test("test_UDPServer", () => runServer(UDPServer, DatagramEcho, LOOPBACK));
  test("test_UnixStreamServer", () =>
    runServer(UnixStreamServer, StreamEcho, { path: join(temporaryFolder(), "server") }));
  test("test_UnixDatagramServer", () => {
    return runServer(UnixDatagramServer, DatagramEcho, { path: join(temporaryFolder(), "server") });
  });

  test("test_shutdown", async () => {
    // CPython's issue #2302: a server that has just begun to serve is shut down, twenty times.
    for (let round = 0; round < 20; round++) {
      await using server = new TCPServer(LOOPBACK, StreamEcho);
      const serving = server.serve_forever(10);
      await server.shutdown();
      await serving;
    }
    expect(true).toBe(true);
  });

  test("test_close_immediately", async () => {
    const server = new TCPServer(LOOPBACK, StreamEcho);
    await server.server_close();
    expect(server.fileno()).toBe(-1);
  });

  test("test_tcpserver_bind_leak", async () => {
    // CPython's issue #22435: a socket whose bind fails is not left open. The guard of the tests checks for it.
    for (let count = 0; count < 1_024; count++) {
      const server = new TCPServer({ host: "127.0.0.1", port: -1 }, StreamEcho);
      await expect(server.bind_and_activate()).rejects.toThrow(RangeError);
    }
  });

  test("test_context_manager", async () => {
    let kept: TCPServer;
    {
      await using server = new TCPServer(LOOPBACK, StreamEcho);
      await server.bind_and_activate();
      kept = server;
    }
    expect([kept.fileno(), kept.socket.closed]).toEqual([-1, true]);
  });
});

/** CPython's BaseErrorTestServer: one request, whose handler throws. */
class ErrorServer extends TCPServer {
  static async served(handler: HandlerClass<Socket>): Promise<{ server: ErrorServer; failed: unknown }> {
    const server = new ErrorServer(LOOPBACK, handler);
    await server.bind_and_activate();
    using client = new DisposedSocket(server.address_family, server.socket_type);
    await client.socket.connect(server.server_address);
    const failed = await server.handle_request().then(
      () => undefined,
      (error: unknown) => error,
    );
    await server.server_close();
    return { server, failed };
  }
  errors: unknown[] = [];
  override handle_error(_request: Socket, _client_address: Address, error: unknown): void {
    this.errors.push(error);
  }
}

class Throwing extends BaseRequestHandler {
  override handle(): void {
    throw new Error("Test error");
  }
}

describe("ErrorHandlerTest", () => {
  test("test_sync_handled", async () => {
    const { server, failed } = await ErrorServer.served(Throwing);
    expect([String(server.errors[0]), server.errors.length, failed]).toEqual(["Error: Test error", 1, undefined]);
  });

  test("test_sync_not_handled: an error that handle_error rethrows rejects the call after the request is closed", async () => {
    class Exiting extends BaseRequestHandler {
      override handle(): void {
        throw Object.assign(new Error("exits"), { name: "SystemExit" });
      }
    }
    class Server extends TCPServer {
      closed: boolean[] = [];
      override handle_error(request: Socket, _address: Address, error: unknown): void {
        this.closed.push(request.closed);
        throw error;
      }
      override close_request(request: Socket): void {
        void super.close_request(request);
        this.closed.push(request.closed);
      }
    }
    await using server = new Server(LOOPBACK, Exiting);
    await server.bind_and_activate();
    using client = new DisposedSocket(server.address_family, server.socket_type);
    await client.socket.connect(server.server_address);
    await expect(server.handle_request()).rejects.toThrow("exits");
    expect(server.closed).toEqual([false, true]);
  });
});

describe("SocketWriterTest", () => {
  test("test_basics", async () => {
    const seen: unknown[] = [];
    class Handler extends StreamRequestHandler {
      override async handle(): Promise<void> {
        seen.push(this.wfile.writable(), this.wfile.readable(), this.wfile.fileno() === this.connection.fileno());
        this.server.handle_error = (_request, _address, error): void => void seen.push(error);
        seen.push(await this.wfile.write("text"), await this.wfile.write(Buffer.from("bytes")));
      }
    }
    await using server = new TCPServer(LOOPBACK, Handler);
    await server.bind_and_activate();
    using client = new DisposedSocket(server.address_family, server.socket_type);
    await client.socket.connect(server.server_address);
    await server.handle_request();
    expect(seen).toEqual([true, false, true, 4, 5]);
    let heard = "";
    for await (const data of client.socket) heard += String(data);
    expect(heard).toBe("textbytes");
  });

  test("test_write: all bytes are sent, however many", async () => {
    const LENGTH = 8 * 1024 * 1024;
    class Handler extends StreamRequestHandler {
      override async handle(): Promise<void> {
        expect(await this.wfile.write(Buffer.alloc(LENGTH, "x"))).toBe(LENGTH);
      }
    }
    await using server = new TCPServer(LOOPBACK, Handler);
    await server.bind_and_activate();
    using client = new DisposedSocket(server.address_family, server.socket_type);
    await client.socket.connect(server.server_address);
    const handling = server.handle_request();
    let heard = 0;
    for await (const data of client.socket) heard += data.length;
    await handling;
    expect(heard).toBe(LENGTH);
  });
});

describe("MiscTestCase", () => {
  test("test_shutdown_request_called_if_verify_request_false", async () => {
    class Server extends TCPServer {
      shutdowns = 0;
      override verify_request(): boolean {
        return false;
      }
      override shutdown_request(request: Socket): void {
        this.shutdowns++;
        void super.shutdown_request(request);
      }
    }
    await using server = new Server(LOOPBACK, StreamEcho);
    await server.bind_and_activate();
    using client = new DisposedSocket(server.address_family, server.socket_type);
    await client.socket.connect(server.server_address);
    await server.handle_request();
    expect([server.shutdowns, (await client.socket.recv(1)).length]).toEqual([1, 0]);
  });
});

test("the default handle_error writes the same text as Python's to standard error", async () => {
  const write = vi.spyOn(process.stderr, "write").mockImplementation((_text, done?: unknown) => {
    if (typeof done === "function") done();
    return true;
  });
  await using server: BaseServer<Socket> = new TCPServer(LOOPBACK, Throwing);
  await server.bind_and_activate();
  using client = new DisposedSocket(2, 1);
  await client.socket.connect(server.server_address);
  const own = client.socket.getsockname();
  await server.handle_request();
  const [[text] = []] = write.mock.calls;
  write.mockRestore();
  const [rule, line, ...rest] = String(text).split("\n");
  expect(rule).toBe("-".repeat(40));
  expect(line).toBe(
    `Exception occurred during processing of request from { family: 2, host: '127.0.0.1', port: ${own.port} }`,
  );
  expect(rest.join("\n")).toMatch(/^Error: Test error\n {4}at Throwing\.handle[\s\S]*\n-{40}\n$/);
});

test("many reports that standard error has not yet written share one listener", async () => {
  const taken: (() => void)[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((_text, done?: unknown) => {
    if (typeof done === "function") taken.push(() => done());
    return true;
  });
  const before = process.stderr.listenerCount("error");
  await using server: BaseServer<Socket> = new TCPServer(LOOPBACK, Throwing);
  await server.bind_and_activate();
  for (let count = 0; count < 3; count++) {
    using client = new DisposedSocket(2, 1);
    await client.socket.connect(server.server_address);
    await server.handle_request();
  }
  write.mockRestore();
  expect([taken.length, process.stderr.listenerCount("error")]).toEqual([3, before + 1]);
  for (const done of taken) done();
  expect(process.stderr.listenerCount("error")).toBe(before);
});
