// ThreadingMixIn with a handler class: each request is a task of this thread.

import { channel } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Address, type Socket, socket } from "../../../src/index.ts";
import {
  BaseRequestHandler,
  BaseServer,
  DatagramRequestHandler,
  StreamRequestHandler,
  TCPServer,
  ThreadingMixIn,
  ThreadingTCPServer,
  ThreadingUDPServer,
} from "../../../src/socketserver.ts";
import { startChild } from "../../support/child.ts";
import { EchoLine } from "../../support/echo-line.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";
import { addressFor, ask, askInPython, serveWhile, THREADING } from "./mixin-servers.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

class EchoDatagram extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** A handler class whose instances wait until the test releases them. */
function held() {
  const begun: string[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  class Held extends StreamRequestHandler {
    override async handle(): Promise<void> {
      begun.push(String(await this.rfile.readline()).trim());
      await released;
      await this.wfile.write("released\n");
    }
  }
  return { Held, begun, release };
}

/** Collects the failures that are published until the test ends. */
function published(): unknown[] {
  const messages: unknown[] = [];
  const note = (message: unknown): unknown => messages.push(message);
  channel("sockwright:socketserver:error").subscribe(note);
  onTestFinished(() => void channel("sockwright:socketserver:error").unsubscribe(note));
  return messages;
}

describe("CPython's test_socketserver", () => {
  test.for(Object.keys(THREADING) as (keyof typeof THREADING)[])("test_%s", async (name, context) => {
    const errors: unknown[] = [];
    const Server = THREADING[name] as typeof ThreadingTCPServer;
    class MyServer extends Server {
      override async handle_error(request: Socket, _client_address: Address, error: unknown): Promise<void> {
        errors.push(error);
        await this.close_request(request);
        throw error;
      }
    }
    const isOfStreams = name.includes("TCP") || name.includes("Stream");
    const server = new MyServer(addressFor(name), (isOfStreams ? EchoLine : EchoDatagram) as typeof EchoLine);
    await serveWhile(server, async () => {
      expect(server.server_address).toEqual(server.socket.getsockname());
      expect(await askInPython(context, server, "hello world", 3)).toEqual([
        "hello world",
        "hello world",
        "hello world",
      ]);
    });
    expect(server.socket.fileno()).toBe(-1);
    expect(errors).toEqual([]);
  });

  test("test_close_immediately", async () => {
    class MyServer extends ThreadingMixIn(TCPServer) {}
    const server = new MyServer(LOOPBACK, EchoLine);
    await server.bind_and_activate();
    await server.server_close();
    expect(server.socket.fileno()).toBe(-1);
  });

  test("test_threads_reaped", async () => {
    class MyServer extends ThreadingMixIn(TCPServer) {}
    const server = new MyServer(LOOPBACK, StreamRequestHandler);
    await server.bind_and_activate();
    for (let count = 0; count < 10; count++) {
      const client = socket();
      await client.connect(server.server_address);
      await server.handle_request();
      client.close();
    }
    await until(() => server.handler_runs.size === 0, "the tasks to be forgotten");
    await server.server_close();
    expect(server.handler_runs.size).toBe(0);
  });

  test.each([
    ["test_threading_handled", new Error("Test error")],
    ["test_threading_not_handled: a thrown non-error is handled too", "SystemExit"],
  ])("%s", async (_name, thrown) => {
    const log: unknown[] = [];
    class BadHandler extends BaseRequestHandler {
      override handle(): void {
        log.push("Handler called");
        throw thrown;
      }
    }
    class ErrorTestServer extends ThreadingTCPServer {
      override handle_error(_request: Socket, _client_address: Address, error: unknown): void {
        log.push("Error handled", error);
      }
      override async shutdown_request(request: Socket): Promise<void> {
        await super.shutdown_request(request);
        log.push("shut down");
      }
    }
    const server = new ErrorTestServer(LOOPBACK, BadHandler);
    await server.bind_and_activate();
    const client = socket();
    await client.connect(server.server_address);
    await server.handle_request();
    client.close();
    await server.server_close();
    expect(log).toEqual(["Handler called", "Error handled", thrown, "shut down"]);
  });
});

describe("handlers run at the same time", () => {
  test("200 clients are served at once, each while all others wait", async () => {
    const { Held, begun, release } = held();
    class Server extends ThreadingTCPServer {
      override request_queue_size = 256;
    }
    const server = new Server(LOOPBACK, Held);
    await serveWhile(server, async () => {
      const answers = Promise.all(Array.from({ length: 200 }, (_, index) => ask(server, `${index}\n`)));
      await until(() => begun.length === 200, "all handlers to begin");
      release();
      expect(new Set(await answers)).toEqual(new Set(["released\n"]));
    });
    expect(begun.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  test("200 datagrams are answered at once", async () => {
    const server = new ThreadingUDPServer(LOOPBACK, EchoDatagram);
    await serveWhile(server, async () => {
      const asked = Array.from({ length: 200 }, (_, index) => `${index}\n`);
      expect(await Promise.all(asked.map((request) => ask(server, request)))).toEqual(asked);
    });
  });

  test("at most max_tasks run; the loop then waits, and shutdown() ends that wait", async () => {
    const { Held, begun, release } = held();
    class Server extends ThreadingTCPServer {
      override max_tasks = 2;
    }
    const server = new Server(LOOPBACK, Held);
    const serving = server.bind_and_activate().then(() => server.serve_forever());
    await server.bind_and_activate();
    const answers = [0, 1, 2, 3].map((index) => ask(server, `${index}\n`));
    await until(() => begun.length === 2, "the first handlers to begin");
    await turn(50);
    expect(begun).toHaveLength(2);
    await server.shutdown();
    await serving;
    // The third request had been accepted and is served; the fourth waits in the backlog.
    await until(() => begun.length === 3, "the one that was taken");
    release();
    const last = answers[3]?.catch((error: unknown) => error);
    expect(await Promise.all(answers.slice(0, 3))).toEqual(["released\n", "released\n", "released\n"]);
    await server.server_close();
    expect(await last).toMatchObject({ code: "ECONNRESET" });
  });

  test.each([0, -1, 1.5, Number.NaN, "2", 2 ** 31])("max_tasks = %s is refused", async (max_tasks) => {
    class Server extends ThreadingTCPServer {
      override max_tasks = max_tasks as number;
    }
    const server = new Server(LOOPBACK, EchoLine);
    await expect(server.bind_and_activate()).rejects.toThrow(/"max_tasks"/);
  });
});

describe("server_close()", () => {
  test("waits for the handlers", async () => {
    const { Held, begun, release } = held();
    const server = new ThreadingTCPServer(LOOPBACK, Held);
    await server.bind_and_activate();
    const answer = ask(server, "x\n");
    await server.handle_request();
    await until(() => begun.length === 1, "the handler");
    let isClosed = false;
    const closing = server.server_close().then(() => {
      isClosed = true;
    });
    await turn(20);
    expect(isClosed).toBe(false);
    release();
    await closing;
    expect(await answer).toBe("released\n");
  });

  test.each([
    ["block_on_close = false", { block_on_close: false, daemon_threads: false }],
    ["daemon_threads = true", { block_on_close: true, daemon_threads: true }],
  ])("with %s does not wait for the handlers, which continue", async (_name, { block_on_close, daemon_threads }) => {
    const { Held, begun, release } = held();
    class Server extends ThreadingTCPServer {
      override block_on_close = block_on_close;
      override daemon_threads = daemon_threads;
    }
    const server = new Server(LOOPBACK, Held);
    await server.bind_and_activate();
    const answer = ask(server, "x\n");
    await server.handle_request();
    await until(() => begun.length === 1, "the handler");
    await server.server_close();
    release();
    expect(await answer).toBe("released\n");
  });

  test("in a handler waits for the other handlers, but not for that one", async () => {
    const order: string[] = [];
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    class Closing extends StreamRequestHandler {
      override async handle(): Promise<void> {
        const line = String(await this.rfile.readline()).trim();
        order.push(line);
        if (line === "close") await this.server.server_close();
        else await released;
        order.push(`${line} done`);
      }
    }
    const server = new ThreadingTCPServer(LOOPBACK, Closing);
    await server.bind_and_activate();
    const serving = server.serve_forever();
    const first = ask(server, "wait\n");
    await until(() => order.includes("wait"), "the first handler");
    const second = ask(server, "close\n");
    await until(() => order.includes("close"), "the second handler");
    await turn(20);
    expect(order).toEqual(["wait", "close"]);
    release();
    await Promise.all([first, second, serving]);
    await server.server_close();
    expect(order).toEqual(["wait", "close", "wait done", "close done"]);
  });

  test("of a datagram server waits for its handlers, whose answers use the socket", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    class Late extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        await released;
        await this.wfile.write("late");
      }
    }
    const server = new ThreadingUDPServer(LOOPBACK, Late);
    await server.bind_and_activate();
    const answer = ask(server, "x");
    await server.handle_request();
    const closing = server.server_close();
    release();
    await closing;
    expect(await answer).toBe("late");
  });
});

describe("an error in a task", () => {
  test("of one request does not affect other requests", async () => {
    const errors: unknown[] = [];
    class Picky extends StreamRequestHandler {
      override async handle(): Promise<void> {
        const line = String(await this.rfile.readline());
        if (line === "bad\n") throw new Error("bad request");
        await this.wfile.write(line);
      }
    }
    class Server extends ThreadingTCPServer {
      override handle_error(_request: Socket, _client_address: Address, error: unknown): void {
        errors.push(error);
      }
    }
    const server = new Server(LOOPBACK, Picky);
    await serveWhile(server, async () => {
      expect(await Promise.all(["1\n", "bad\n", "2\n"].map((line) => ask(server, line)))).toEqual(["1\n", "", "2\n"]);
    });
    expect(errors).toEqual([new Error("bad request")]);
  });

  test.each([
    ["handle_error", "process_request_thread"],
    ["shutdown_request", "process_request_thread"],
  ] as const)("what %s throws is published, and the server continues", async (hook, told) => {
    const messages = published();
    const failure = new Error(`${hook} failed`);
    class Bad extends BaseRequestHandler {
      override handle(): void {
        throw new Error("handler failed");
      }
    }
    class Server extends ThreadingTCPServer {
      override async handle_error(): Promise<void> {
        if (hook === "handle_error") throw failure;
      }
      override async shutdown_request(request: Socket): Promise<void> {
        await super.shutdown_request(request);
        if (hook === "shutdown_request") throw failure;
      }
    }
    const server = new Server(LOOPBACK, Bad);
    const rejections = await unhandled(async () => {
      await serveWhile(server, async () => {
        for (const line of ["1\n", "2\n"]) expect(await ask(server, line).catch(() => "")).toBe("");
      });
    });
    expect(rejections).toEqual([]);
    const message = {
      error: failure,
      server,
      hook: told,
      client_address: expect.objectContaining({ host: "127.0.0.1" }),
    };
    expect(messages).toEqual([message, message]);
  });

  test.each(["shutdown_request", "close_request"] as const)(
    "a request whose %s throws instead of closing it is closed nevertheless",
    async (hook) => {
      class Server extends ThreadingTCPServer {
        override shutdown_request(request: Socket): void | PromiseLike<void> {
          if (hook === "shutdown_request") throw new Error("shutdown_request failed");
          return super.shutdown_request(request);
        }
        override close_request(): void | PromiseLike<void> {
          throw new Error("close_request failed");
        }
      }
      const server = new Server(LOOPBACK, EchoLine);
      await serveWhile(server, async () => {
        expect(await ask(server, "1\n")).toBe("1\n");
      });
    },
  );

  test("if handle_error and shutdown_request both throw, both errors are published, and the request is closed", async () => {
    const messages = published();
    class Bad extends BaseRequestHandler {
      override handle(): void {
        throw new Error("handler failed");
      }
    }
    class Server extends ThreadingTCPServer {
      override handle_error(): void {
        throw new Error("handle_error failed");
      }
      override async shutdown_request(request: Socket): Promise<void> {
        await super.shutdown_request(request);
        throw new Error("shutdown_request failed");
      }
    }
    const server = new Server(LOOPBACK, Bad);
    await serveWhile(server, async () => {
      expect(await ask(server, "")).toBe("");
    });
    expect(messages).toMatchObject([
      { error: new Error("shutdown_request failed"), hook: "shutdown_request" },
      { error: new Error("handle_error failed"), hook: "process_request_thread" },
    ]);
  });
});

test("the mixin works with every server, and its subclass may override its members", async () => {
  const calls: string[] = [];
  class Own extends BaseServer<string> {
    override get_request(): [string, Address] {
      return ["a request", { path: "" } as Address];
    }
    override shutdown_request(request: string): void {
      calls.push(`shut down ${request}`);
    }
  }
  class OwnHandler extends BaseRequestHandler<string> {
    override handle(): void {
      calls.push(this.request);
    }
  }
  class Threading extends ThreadingMixIn(Own) {
    override daemon_threads = true;
    override async process_request_thread(request: string, client_address: Address): Promise<void> {
      calls.push("begin");
      await super.process_request_thread(request, client_address);
    }
  }
  const server = new Threading(LOOPBACK, OwnHandler);
  await server.handle_request();
  await until(() => calls.length === 3, "the task");
  await server.server_close();
  expect(calls).toEqual(["begin", "a request", "shut down a request"]);
});

describe("a handler that waits while nothing else keeps the process alive", () => {
  const program = fileURLToPath(new URL("programs/daemon-handler.mjs", import.meta.url));

  test("lets the process end with daemon_threads", async () => {
    const child = await startChild(process.execPath, [program, "daemon"]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("waits\nnothing holds it false\n");
  });
});
