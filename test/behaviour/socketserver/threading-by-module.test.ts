// ThreadingMixIn with a handler by module: each request runs in a worker thread.

import { randomUUID } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { threadId } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Address, type Socket, socket } from "../../../src/index.ts";
import { type ModuleHandler, ThreadingTCPServer, ThreadingUDPServer } from "../../../src/socketserver.ts";
import { startChild } from "../../support/child.ts";
import { openDescriptors } from "../../support/open-descriptors.ts";
import { often } from "../../support/soak.ts";
import { turn, until } from "../../support/until.ts";
import { addressFor, ask, askInPython, byModule, serveWhile, THREADING } from "./mixin-servers.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** A server on two threads that records the errors passed to handle_error. */
class Server extends ThreadingTCPServer {
  override max_threads = 2;
  override request_queue_size = 256;
  readonly errors: unknown[] = [];
  override handle_error(_request: Socket, _client_address: Address, error: unknown): void {
    this.errors.push(error);
  }
}

class DatagramServer extends ThreadingUDPServer {
  override max_threads = 2;
}

/** The number of threads of this process. */
function threads(): number {
  return readdirSync("/proc/self/task").length;
}

async function where(
  server: Server,
): Promise<{ pid: number; threadId: number; server: object; client_address: Address }> {
  return JSON.parse(await ask(server, "where\n"));
}

/** A client that has sent an order, and is closed when the test ends. */
async function unanswered(server: Server, order: string): Promise<Socket> {
  const client = socket();
  onTestFinished(() => client.close());
  await client.connect(server.server_address);
  await client.sendall(order);
  return client;
}

/**
 * A client whose handler has begun. A worker terminated earlier, while it imports its modules, may leave descriptors
 * open: Node does not close a file that a worker was about to read.
 */
async function begun(server: Server, order: string): Promise<Socket> {
  const client = await unanswered(server, order);
  expect(String(await client.recv(100))).toBe("begun\n");
  return client;
}

test.for(Object.keys(THREADING) as (keyof typeof THREADING)[])(
  "a Python client is served by a %s",
  async (name, context) => {
    const Base = THREADING[name];
    class Threading extends (Base as typeof ThreadingTCPServer) {
      override max_threads = 2;
    }
    const isOfStreams = name.includes("TCP") || name.includes("Stream");
    const server = new Threading(addressFor(name), byModule(isOfStreams ? "EchoLine" : "EchoDatagram"));
    await serveWhile(server, async () => {
      expect(await askInPython(context, server, "hello world", 3)).toEqual([
        "hello world",
        "hello world",
        "hello world",
      ]);
    });
  },
);

describe("a handler in a thread", () => {
  test("runs in another thread of this process, which is reused, and receives the server's address", async () => {
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const first = await where(server);
      expect(first).toMatchObject({ pid: process.pid, server: { server_address: server.server_address } });
      expect(first.threadId).not.toBe(threadId);
      expect(first.client_address).toMatchObject({ host: "127.0.0.1" });
      expect(await where(server)).toMatchObject({ threadId: first.threadId });
    });
    expect(server.errors).toEqual([]);
  });

  test("200 clients are served at once on two threads, and no thread is left afterwards", async () => {
    const before = threads();
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(server, `echo ${index}\n`)));
      expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => `${index}\n`));
      expect(threads()).toBe(before + 2);
    });
    expect(server.errors).toEqual([]);
    await until(() => threads() === before, "the threads to end");
  });

  test("that throws: handle_error receives the error with name, message, stack, code and cause", async () => {
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      expect(await Promise.all(["throw it\n", "echo 1\n"].map((line) => ask(server, line)))).toEqual(["", "1\n"]);
      expect(await ask(server, "throw-function it\n")).toBe("");
    });
    const [error, other] = server.errors;
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      ...{ name: "OrderError", message: "ordered to throw it", code: "ORDERED" },
      ...{ stack: expect.stringContaining("handlers.mjs"), cause: new TypeError("the order") },
    });
    expect(other).toBe("[Function (anonymous)]");
  });

  test("that sends its own messages or throws an unreadable value does not affect other requests", async () => {
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      for (const line of ["post it\n", "throw-deep it\n"]) expect(await ask(server, line)).toBe("");
      expect(await ask(server, "echo 1\n")).toBe("1\n");
    });
    expect(server.errors).toMatchObject([{ message: "ordered to throw it" }, expect.stringContaining("[Object]")]);
  });

  test.each([
    ["calls process.exit(3)", "exit 3\n", { exitCode: 3 }],
    ["calls process.exit(0)", "exit 0\n", { exitCode: 0 }],
    ["throws beside its run()", "throw-beside it\n", { exitCode: 1, cause: { message: "ordered to throw it" } }],
    ["leaves a rejection", "reject-beside it\n", { exitCode: 1, cause: { message: "ordered to throw it" } }],
  ])("that %s: handle_error is called, the thread is replaced, and others are served", async (_name, line, told) => {
    const server = new Server(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const before = await where(server);
      const lines = [line, "echo 1\n", line, "echo 2\n", "echo 3\n"];
      expect(await Promise.all(lines.map((each) => ask(server, each)))).toEqual(["", "1\n", "", "2\n", "3\n"]);
      expect(await where(server)).not.toMatchObject({ threadId: before.threadId });
    });
    const lost = { code: "ERR_SOCKWRIGHT_HANDLER_LOST", ...told };
    expect(server.errors).toMatchObject([lost, lost]);
    expect(String(server.errors[0])).toContain(`exit code ${told.exitCode}`);
  });

  test("that ends its idle thread: the loss is published, and the next request gets a new thread", async () => {
    const failures: unknown[] = [];
    const errors = channel("sockwright:socketserver:error");
    const note = (message: unknown): void => void failures.push(message);
    errors.subscribe(note);
    onTestFinished(() => void errors.unsubscribe(note));
    class Alone extends Server {
      override max_threads = 1;
    }
    const server = new Alone(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      const word = randomUUID();
      expect(await ask(server, `exit-when-told ${word}\n`)).toBe("listening\n");
      const before = await where(server);
      const told = new BroadcastChannel(word);
      told.postMessage("now");
      await until(() => failures.length === 1, "the loss to be published");
      told.close();
      expect((await where(server)).threadId).not.toBe(before.threadId);
    });
    const error = { code: "ERR_SOCKWRIGHT_HANDLER_LOST", exitCode: 4 };
    expect(failures).toMatchObject([{ error, hook: "process_request_thread" }]);
    expect(failures).toHaveProperty([0, "server"], server);
    expect(server.errors).toEqual([]);
  });

  test("that never returns occupies only its own thread, and server_close() ends it with daemon_threads", async () => {
    const before = threads();
    class Daemon extends Server {
      override daemon_threads = true;
    }
    const server = new Daemon(LOOPBACK, byModule("Obey"));
    let spinning: Socket | undefined;
    await serveWhile(server, async () => {
      spinning = await begun(server, "spin\n");
      for (const word of ["1", "2", "3"]) expect(await ask(server, `echo ${word}\n`)).toBe(`${word}\n`);
    });
    expect(await spinning?.recv(100)).toHaveLength(0);
    // The program ended the thread itself: this is not an error.
    expect(server.errors).toEqual([]);
    await until(() => threads() === before, "the threads to end");
  });

  test("that would get its thread only after server_close() is not started, with daemon_threads", async () => {
    const before = threads();
    let [close, finished] = [(): void => {}, false];
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    class Late extends Server {
      override daemon_threads = true;
      override async finish_request(request: Socket, client_address: Address): Promise<void> {
        await closed;
        await super.finish_request(request, client_address);
      }
      override async process_request_thread(request: Socket, client_address: Address): Promise<void> {
        await super.process_request_thread(request, client_address);
        finished = true;
      }
    }
    const server = new Late(LOOPBACK, byModule("Obey"));
    await server.bind_and_activate();
    const client = await unanswered(server, "spin\n");
    await server.handle_request();
    await server.server_close();
    close();
    expect(await client.recv(100)).toHaveLength(0);
    await until(() => finished, "the task to end");
    expect(server.errors).toEqual([]);
    expect(threads()).toBe(before);
  });

  test("whose module import never ends is ended by server_close()", async () => {
    class Daemon extends Server {
      override daemon_threads = true;
    }
    const module = new URL("programs/endless-import.mjs", import.meta.url);
    const before = threads();
    const server = new Daemon(LOOPBACK, { module, name: "Endless" });
    let client: Socket | undefined;
    await serveWhile(server, async () => {
      client = await unanswered(server, "anything\n");
      await until(() => threads() > before, "its thread");
    });
    expect(await client?.recv(100)).toHaveLength(0);
    expect(server.errors).toEqual([]);
  });

  test("while all threads are busy, clients wait in the backlog, and shutdown() is not delayed", async () => {
    let taken = 0;
    class Daemon extends Server {
      override daemon_threads = true;
      override async get_request(): Promise<[Socket, Address]> {
        const request = await super.get_request();
        taken++;
        return request;
      }
    }
    const server = new Daemon(LOOPBACK, byModule("Obey"));
    await serveWhile(server, async () => {
      for (let index = 0; index < 2; index++) await begun(server, "wait\n");
      for (let index = 0; index < 3; index++) await unanswered(server, "wait\n");
      await until(() => taken === 3, "a request for each thread, and the next");
      await turn(100);
      expect(taken).toBe(3);
    });
    expect(server.errors).toEqual([]);
  });

  test("of a datagram has the server's socket", async () => {
    const server = new DatagramServer(LOOPBACK, byModule("ObeyDatagram"));
    await serveWhile(server, async () => {
      const asked = Array.from({ length: 24 }, (_, index) => `echo ${index}`);
      expect(await Promise.all(asked.map((each) => ask(server, each)))).toEqual(
        asked.map((each) => `${each.slice(5)}\n`),
      );
    });
  });

  test("that runs out of memory: only its thread ends", async () => {
    const program = fileURLToPath(new URL("programs/exhausted-thread.mjs", import.meta.url));
    const child = await startChild(process.execPath, ["--max-old-space-size=64", program]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout.split("\n").slice(0, 2)).toEqual([
      "ERR_SOCKWRIGHT_HANDLER_LOST ERR_WORKER_OUT_OF_MEMORY",
      JSON.stringify(["", "1\n", "2\n"]),
    ]);
  });
});

describe("a handler that does not exist", () => {
  const nowhere: ModuleHandler = { module: new URL("nowhere.mjs", import.meta.url), name: "Obey" };
  test.each([
    ["a module that cannot be imported", nowhere, { cause: { code: "ERR_MODULE_NOT_FOUND" } }],
    [
      "no export of that name",
      byModule("Nobody"),
      { message: expect.stringContaining("which has: Bare, EchoDatagram") },
    ],
    ["an export that is no class", byModule("notAClass"), {}],
    ["a class without run() and handle()", byModule("NoHandler"), {}],
  ])("%s: the error of each request names RequestHandlerClass", async (_name, handler, more) => {
    const server = new Server(LOOPBACK, handler);
    await serveWhile(server, async () => {
      for (let count = 0; count < 2; count++) expect(await ask(server, "echo 1\n").catch(() => "")).toBe("");
    });
    const error = { code: expect.stringMatching(/^ERR_INVALID_ARG_(?:VALUE|TYPE)$/), ...more };
    expect(server.errors).toMatchObject([error, error]);
    for (const each of server.errors) expect(String(each)).toMatch(/['"]RequestHandlerClass['"]/);
  });

  test("a handler without its own handle() does nothing, as in Python", async () => {
    const server = new Server(LOOPBACK, byModule("Bare"));
    await serveWhile(server, async () => {
      expect(await ask(server, "")).toBe("");
    });
    expect(server.errors).toEqual([]);
  });
});

test.each([0, -1, 1.5, Number.NaN, "2", 2 ** 31])("max_threads = %s is refused", async (max_threads) => {
  class Wrong extends Server {
    override max_threads = max_threads as number;
  }
  await expect(new Wrong(LOOPBACK, byModule("Obey")).bind_and_activate()).rejects.toThrow(/"max_threads"/);
});

test("a request that is not a socket cannot be passed to a thread: handle_error receives the error", async () => {
  class Wrapping extends Server {
    override async get_request(): Promise<[Socket, Address]> {
      const [request, address] = await super.get_request();
      request.close();
      return [{ wrapped: request } as unknown as Socket, address];
    }
  }
  const server = new Wrapping(LOOPBACK, byModule("Obey"));
  await serveWhile(server, async () => {
    expect(await ask(server, "").catch(() => "")).toBe("");
    await until(() => server.errors.length === 1, "handle_error");
  });
  expect(server.errors).toMatchObject([
    { code: "ERR_INVALID_ARG_TYPE", message: expect.stringContaining('"request"') },
  ]);
});

test("threads that are ended at any moment leave no descriptor open, and close no other", async () => {
  class Daemon extends Server {
    override daemon_threads = true;
  }
  // The poller of this process stays open once it exists.
  const first = new Daemon(LOOPBACK, byModule("Obey"));
  await serveWhile(first, async () => expect(await ask(first, "echo 0\n")).toBe("0\n"));
  const before = openDescriptors();
  for (let round = 0; round < often(12, 100); round++) {
    const server = new Daemon(LOOPBACK, byModule("Obey"));
    await server.bind_and_activate();
    const served = server.serve_forever();
    const clients = ["echo 1\n", "spin\n", "never\n", "echo 2\n"].map((line) =>
      ask(server, line).catch((error: unknown) => error),
    );
    // At different moments: before a thread has begun, and while it imports, adopts the socket, or serves.
    await turn(round * 7);
    await server.server_close();
    await served;
    await Promise.all(clients);
  }
  // A descriptor that was closed twice would by now belong to another socket.
  socket().close();
  await until(() => openDescriptors() === before, "all descriptors to be closed");
  expect(openDescriptors()).toBe(before);
}, 600_000);
