// ForkingMixIn: a child process for each request.
import { spawn } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { existsSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Address, type Socket, socket } from "../../../src/index.ts";
import {
  BaseRequestHandler,
  ForkingMixIn,
  ForkingTCPServer,
  ForkingUDPServer,
  type ModuleHandler,
  TCPServer,
} from "../../../src/socketserver.ts";
import { startChild } from "../../support/child.ts";
import { often } from "../../support/soak.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";
import { addressFor, ask, askInPython, byModule, FORKING, serveWhile } from "./mixin-servers.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** A server that records the errors passed to handle_error. */
class Server extends ForkingTCPServer {
  override request_queue_size = 256;
  readonly errors: unknown[] = [];
  override handle_error(_request: Socket, _client_address: Address, error: unknown): void {
    this.errors.push(error);
  }
}

describe("CPython's test_socketserver", () => {
  test.for(Object.keys(FORKING) as (keyof typeof FORKING)[])("test_%s", async (name, context) => {
    // Python's simple_subprocess: the server does not reap a child of the program.
    const own = spawn(process.execPath, ["-e", "process.exit(72)"], { stdio: "ignore" });
    const exit = once(own, "exit");
    const errors: unknown[] = [];
    class MyServer extends (FORKING[name] as typeof ForkingTCPServer) {
      override async handle_error(request: Socket, _client_address: Address, error: unknown): Promise<void> {
        errors.push(error);
        await this.close_request(request);
        throw error;
      }
    }
    const isOfStreams = name.includes("TCP") || name.includes("Stream");
    const server = new MyServer(addressFor(name), byModule(isOfStreams ? "EchoLine" : "EchoDatagram"));
    await serveWhile(server, async () => {
      expect(server.server_address).toEqual(server.socket.getsockname());
      expect(await askInPython(context, server, "hello world", 3)).toEqual([
        "hello world",
        "hello world",
        "hello world",
      ]);
    });
    expect(server.socket.fileno()).toBe(-1);
    expect(server.active_children).toEqual(new Set());
    expect(await exit).toEqual([72, null]);
    expect(errors).toEqual([]);
  });

  test.each([
    ["test_forking_handled", "throw it\n", ["Error handled"]],
    ["test_forking_not_handled: an exit with 0 is no error", "exit 0\n", []],
  ])("%s", async (_name, line, handled) => {
    const log: string[] = [];
    class ErrorTestServer extends ForkingTCPServer {
      override handle_error(): void {
        log.push("Error handled");
      }
    }
    const server = new ErrorTestServer(LOOPBACK, byModule("Obey"));
    await server.bind_and_activate();
    const answer = ask(server, line);
    await server.handle_request();
    await answer;
    await server.server_close();
    expect(log).toEqual(handled);
  });
});

describe("a child", () => {
  test("is another process with this process's environment, and receives the server's address", async () => {
    vi.stubEnv("SOCKWRIGHT_TEST_WORD", "inherited");
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const told = JSON.parse(await ask(server, "where\n"));
      expect(told).toMatchObject({ threadId: 0, server: { server_address: server.server_address } });
      expect(told.pid).not.toBe(process.pid);
      expect(told.client_address).toMatchObject({ host: "127.0.0.1" });
      expect(await ask(server, "environment SOCKWRIGHT_TEST_WORD\n")).toBe("inherited\n");
    });
    expect(server.errors).toEqual([]);
  });

  test("has only the standard streams and the request's socket of this process's descriptors", async () => {
    const own = socket();
    onTestFinished(() => own.close());
    const link = (descriptor: number): string => readlinkSync(`/proc/self/fd/${descriptor}`);
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const open: [number, string][] = JSON.parse(await ask(server, "descriptors\n"));
      const links = open.map(([, name]) => name);
      expect(links).not.toContain(link(own.fileno()));
      expect(links).not.toContain(link(server.fileno()));
      for (const stream of [0, 1, 2]) expect(open).toContainEqual([stream, link(stream)]);
      const sockets = open.filter(([number, name]) => number > 2 && name.startsWith("socket:"));
      // The request, and the channel to the parent.
      expect(sockets.map(([number]) => number)).toEqual([3, 4]);
    });
  });

  test("24 clients are served at once, and no child is left afterwards", async () => {
    const clients = often(24, 200);
    const server = new Server(LOOPBACK, byModule("Obey"));
    let pids: number[] = [];
    await serveWhile(server, async () => {
      const told = await Promise.all(Array.from({ length: clients }, () => ask(server, "where\n")));
      pids = told.map((line) => JSON.parse(line).pid);
    });
    expect(new Set(pids).size).toBe(clients);
    expect(server.active_children).toEqual(new Set());
    for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(server.errors).toEqual([]);
  }, 120_000);

  test("of a datagram has the server's socket, and its data", async () => {
    class DatagramServer extends ForkingUDPServer {}
    const server = new DatagramServer(LOOPBACK, byModule("ObeyDatagram"));
    await serveWhile(server, async () => {
      expect(await Promise.all(["echo 1", "echo 2"].map((each) => ask(server, each)))).toEqual(["1\n", "2\n"]);
    });
  });
});

describe("a child that does not exit with 0 calls handle_error once", () => {
  test.each([
    [
      "throws",
      "throw it\n",
      { exitCode: 1, cause: { name: "OrderError", code: "ORDERED", cause: new TypeError("the order") } },
    ],
    ["throws a value that cannot be sent", "throw-function it\n", { exitCode: 1, cause: "[Function (anonymous)]" }],
    ["throws an unreadable value", "throw-deep it\n", { exitCode: 1, cause: expect.stringContaining("[Object]") }],
    ["sends messages of its own", "post it\n", { exitCode: 1, cause: { message: "ordered to throw it" } }],
    ["throws beside its run()", "throw-beside it\n", { exitCode: 1, cause: { message: "ordered to throw it" } }],
    ["leaves a rejection", "reject-beside it\n", { exitCode: 1, cause: { message: "ordered to throw it" } }],
    ["exits", "exit 3\n", { exitCode: 3 }],
    ["is killed", "kill\n", { signal: "SIGKILL" }],
    [
      "awaits a promise that never settles",
      "never\n",
      { exitCode: 13, cause: { message: expect.stringContaining("cannot settle any more") } },
    ],
  ])("that %s, and other requests are served", async (_name, line, told) => {
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const answers = [line, "echo 1\n"].map((each) => ask(server, each).catch(() => ""));
      expect(await Promise.all(answers)).toEqual(["", "1\n"]);
    });
    expect(server.errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_HANDLER_LOST", ...told }]);
    expect(String(server.errors[0])).toContain("signal" in told ? "signal SIGKILL" : `exit code ${told.exitCode}`);
  });

  test("what handle_error throws is published without an unhandled rejection, and the server continues", async () => {
    const messages: unknown[] = [];
    const note = (message: unknown): unknown => messages.push(message);
    channel("sockwright:socketserver:error").subscribe(note);
    onTestFinished(() => void channel("sockwright:socketserver:error").unsubscribe(note));
    const failure = new Error("handle_error failed");
    class Failing extends ForkingTCPServer {
      override handle_error(): void {
        throw failure;
      }
    }
    const server = new Failing(LOOPBACK, byModule("Obey"));
    const rejections = await unhandled(async () => {
      await serveWhile(server, async () => {
        expect(await ask(server, "throw it\n")).toBe("");
        expect(await ask(server, "echo 1\n")).toBe("1\n");
      });
    });
    expect(rejections).toEqual([]);
    expect(messages).toMatchObject([
      { error: failure, server, hook: "handle_error", client_address: { host: "127.0.0.1" } },
    ]);
  });

  const nowhere: ModuleHandler = { module: new URL("nowhere.mjs", import.meta.url), name: "Obey" };
  test.each([
    ["whose module cannot be imported", nowhere, { cause: { code: "ERR_MODULE_NOT_FOUND" } }],
    ["whose module has no such export", byModule("Nobody"), {}],
    ["whose handler is no class of handlers", byModule("NoHandler"), {}],
  ])("%s: the error names RequestHandlerClass", async (_name, handler, more) => {
    const server = new Server(LOOPBACK, handler);
    await serveWhile(server, async () => {
      expect(await ask(server, "echo 1\n").catch(() => "")).toBe("");
    });
    const code = expect.stringMatching(/^ERR_INVALID_ARG_(?:VALUE|TYPE)$/);
    const cause = { code, message: expect.stringMatching(/['"]RequestHandlerClass['"]/), ...more };
    expect(server.errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_HANDLER_LOST", exitCode: 1, cause }]);
  });

  test("that cannot be started: the request is closed, and the server continues", async () => {
    const server = new Server(LOOPBACK, byModule("Obey"));
    const { execPath } = process;
    await serveWhile(server, async () => {
      process.execPath = "/nowhere/node";
      try {
        expect(await ask(server, "").catch(() => "")).toBe("");
      } finally {
        process.execPath = execPath;
      }
      expect(await ask(server, "echo 1\n")).toBe("1\n");
    });
    expect(server.errors).toMatchObject([{ code: "ENOENT" }]);
    expect(server.active_children).toEqual(new Set());
  });

  test("that cannot start without descriptors calls handle_error once, its request is closed, and the server continues", async () => {
    const program = fileURLToPath(new URL("programs/few-descriptors.mjs", import.meta.url));
    const child = await startChild("sh", ["-c", 'ulimit -n 64 && exec "$0" "$1"', process.execPath, program]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout.trimEnd().split("\n")).toEqual(["EMFILE", '""', '"1\\n"', "0"]);
    expect(child.stderr).toBe("");
  });

  test("that cannot receive its request: a client_address that cannot be cloned", async () => {
    class Addressing extends Server {
      override async get_request(): Promise<[Socket, Address]> {
        const [request, address] = await super.get_request();
        return [request, Object.assign(address, { call: () => 1 })];
      }
    }
    const server = new Addressing(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      expect(await ask(server, "").catch(() => "")).toBe("");
    });
    expect(server.errors).toMatchObject([{ message: expect.stringContaining("could not be cloned") }]);
  });
});

describe("the number of children", () => {
  test("is at most max_children; the loop then waits, and shutdown() ends that wait", async () => {
    class Few extends Server {
      override max_children = 2;
    }
    const server = new Few(LOOPBACK, byModule("Obey"));
    await server.bind_and_activate();
    const served = server.serve_forever();
    const clients = [0, 1, 2].map(() => socket());
    for (const client of clients) await client.connect(server.server_address);
    await until(() => server.active_children?.size === 2, "two children");
    await turn(100);
    expect(server.active_children?.size).toBe(2);
    await clients[0]?.sendall("echo 1\n");
    await until(() => server.active_children?.size === 1, "the first to end");
    await until(() => server.active_children?.size === 2, "the third to begin");
    await server.shutdown();
    await served;
    for (const client of clients) client.close();
    await server.server_close();
    expect(server.active_children).toEqual(new Set());
  });

  test("is limited in handle_request() too", async () => {
    class Few extends Server {
      override max_children = 1;
    }
    const server = new Few(LOOPBACK, byModule("Obey"));
    await server.bind_and_activate();
    const [first, second] = [socket(), socket()];
    await first.connect(server.server_address);
    await second.connect(server.server_address);
    await server.handle_request();
    const [pid] = server.active_children ?? [];
    const handled = server.handle_request();
    await turn(50);
    expect(server.active_children).toEqual(new Set([pid]));
    first.close();
    await handled;
    expect(server.active_children?.size).toBe(1);
    expect(server.active_children).not.toContain(pid);
    second.close();
    await server.server_close();
  });

  test.each([0, -1, 1.5, Number.NaN, "2", 2 ** 31])("max_children = %s is refused", async (max_children) => {
    class Wrong extends Server {
      override max_children = max_children as number;
    }
    await expect(new Wrong(LOOPBACK, byModule("Obey")).bind_and_activate()).rejects.toThrow(/"max_children"/);
  });
});

test("with block_on_close = false, server_close() does not wait, and the child finishes its request", async () => {
  class Server extends ForkingTCPServer {
    override block_on_close = false;
  }
  const server = new Server(LOOPBACK, byModule("Obey"));
  await server.bind_and_activate();
  const client = socket();
  await client.connect(server.server_address);
  await server.handle_request();
  await server.server_close();
  expect(server.active_children?.size).toBe(1);
  await client.sendall("echo 1\n");
  expect(String(await client.recv(100))).toBe("1\n");
  client.close();
  await until(() => server.active_children?.size === 0, "the child to be reaped");
});

test("the mixin has Python's defaults, and its constructor refuses a handler class", () => {
  const server = new ForkingTCPServer(LOOPBACK, byModule("Obey"));
  expect(server).toMatchObject({ timeout: 300_000, max_children: 40, block_on_close: true, active_children: null });
  class MyServer extends ForkingMixIn(TCPServer) {}
  const refused = expect.objectContaining({
    code: "ERR_INVALID_ARG_TYPE",
    message: expect.stringContaining('"RequestHandlerClass"'),
  });
  for (const Class of [MyServer, ...Object.values(FORKING)]) {
    expect(() => new Class(LOOPBACK, BaseRequestHandler as never)).toThrow(refused);
  }
});

test("a child whose parent was killed finishes its request and ends", async () => {
  const program = fileURLToPath(new URL("programs/killed-parent.mjs", import.meta.url));
  const parent = await startChild(process.execPath, [program]);
  const [, port] = await parent.line(/^port (\d+)$/);
  const client = socket();
  onTestFinished(() => client.close());
  await client.connect({ host: "127.0.0.1", port: Number(port) });
  expect(String(await client.recv(100))).toBe("begun");
  process.kill(parent.pid, "SIGKILL");
  await until(() => !existsSync(`/proc/${parent.pid}`), "the parent to end");
  await client.sendall("x");
  expect(String(await client.recv(100))).toBe("answer to x");
  expect(await client.recv(100)).toHaveLength(0);
  // The child shares the parent's output, which is read to its end when both have ended.
  expect(await parent.exit()).toEqual({ code: null, signal: "SIGKILL" });
});
