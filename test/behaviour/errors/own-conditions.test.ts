import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Address,
  type AddressInput,
  AF_UNIX,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  SockwrightError,
  type SockwrightErrorCode,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { BaseRequestHandler, ForkingTCPServer, TCPServer, ThreadingTCPServer } from "../../../src/socketserver.ts";
import { startChild } from "../../support/child.ts";
import { closing, listenOnLoopback, unixPair } from "../../support/sockets.ts";
import { ask, byModule } from "../socketserver/mixin-servers.ts";
import { rejection, thrown } from "./node-shape.ts";

type Provocation = readonly [name: string, provoke: () => unknown];

/** How to provoke each error code. The type makes the table complete; the test below compares it with the source. */
const provocations: Readonly<Record<SockwrightErrorCode, readonly Provocation[]>> = {
  ERR_SOCKWRIGHT_BUSY: [
    [
      "detach while a receive waits",
      () => {
        const [ours] = unixPair();
        const receiving = rejection(ours.recv(1));
        const error = thrown(() => ours.detach());
        ours.close();
        return receiving.then(() => error);
      },
    ],
  ],
  ERR_SOCKWRIGHT_CLOSED: [
    [
      "a call on a closed socket",
      () => {
        const [ours] = unixPair();
        ours.close();
        return thrown(() => ours.getsockname());
      },
    ],
    [
      "a call that waits while the socket is closed",
      () => {
        const [ours] = unixPair();
        const receiving = rejection(ours.recv(1));
        ours.close();
        return receiving;
      },
    ],
    [
      "a call on a detached socket",
      () => {
        const ours = socket();
        closeSync(ours.detach());
        return rejection(ours.recv(1));
      },
    ],
  ],
  ERR_SOCKWRIGHT_CONNECT_ABANDONED: [
    [
      "a call after an interrupted connect",
      async () => {
        const client = closing(socket());
        client.settimeout(10);
        expect(await rejection(client.connect(await unansweringAddress()))).toMatchObject({
          code: "ERR_SOCKWRIGHT_TIMEOUT",
        });
        return rejection(client.recv(1));
      },
    ],
  ],
  ERR_SOCKWRIGHT_ENCODING: [
    [
      "bytes that are not valid text, in a strict file",
      async () => {
        const [ours, peer] = unixPair();
        await peer.sendall(Buffer.from([0xff, 0x0a]));
        return rejection(closedLater(ours.makefile("r", { errors: "strict" })).readline());
      },
    ],
  ],
  ERR_SOCKWRIGHT_FILE_CLOSED: [
    [
      "a read of a closed file",
      async () => {
        const file = unixPair()[0].makefile("r");
        await file.close();
        return rejection(file.read());
      },
    ],
    [
      "a read that waits while the file is closed",
      async () => {
        const file = unixPair()[0].makefile("r");
        const reading = rejection(file.read());
        await file.close();
        return reading;
      },
    ],
  ],
  ERR_SOCKWRIGHT_FILE_MODE: [
    ["a write to a file for reading", () => rejection(closedLater(unixPair()[0].makefile("r")).write("x"))],
    ["a read from a file for writing", () => rejection(closedLater(unixPair()[0].makefile("w")).read())],
    ["read1 of a text file", () => rejection(closedLater(unixPair()[0].makefile("r")).read1())],
    ["peek without a buffer", () => rejection(closedLater(unixPair()[0].makefile("rb", { buffering: 0 })).peek())],
  ],
  ERR_SOCKWRIGHT_HANDLER_LOST: [
    ["a handler that ends its thread", () => lostHandler(ThreadingTCPServer)],
    ["a handler that ends its process", () => lostHandler(ForkingTCPServer)],
  ],
  ERR_SOCKWRIGHT_LINE_TOO_LONG: [
    [
      "a line beyond maxLineBytes",
      async () => {
        const [ours, peer] = unixPair();
        await peer.sendall("12345\n");
        return rejection(closedLater(ours.makefile("r", { maxLineBytes: 5 })).readline());
      },
    ],
  ],
  ERR_SOCKWRIGHT_NAME: [
    ["bind to a name", () => thrown(() => closing(socket()).bind({ host: "example", port: 0 }))],
    ["sendto a name", () => rejection(closing(socket()).sendto("x", { host: "example", port: 1 }))],
    ["sendmsg to a name", () => rejection(closing(socket()).sendmsg(["x"], { address: { host: "example", port: 1 } }))],
  ],
  ERR_SOCKWRIGHT_NO_SENDFILE: [
    [
      "sendfile of a datagram socket",
      () => withFile((file) => rejection(closing(socket(AF_UNIX, SOCK_DGRAM)).sendfile(file))),
    ],
    [
      "sendfile of a non-blocking socket",
      () => {
        const [ours] = unixPair();
        ours.setblocking(false);
        return withFile((file) => rejection(ours.sendfile(file)));
      },
    ],
  ],
  ERR_SOCKWRIGHT_NO_STREAM: [
    [
      "a stream of a listener",
      () => {
        const listener = listenOnLoopback();
        return thrown(() => listener.stream());
      },
    ],
    [
      "a stream of a record socket",
      () => {
        const both = socketpair(AF_UNIX, SOCK_SEQPACKET);
        const [ours] = both.map(closing);
        return thrown(() => ours?.stream());
      },
    ],
    [
      "a second stream",
      () => {
        const [ours] = unixPair();
        const stream = ours.stream();
        const error = thrown(() => ours.webStreams());
        stream.destroy();
        return error;
      },
    ],
  ],
  ERR_SOCKWRIGHT_PARTIAL_SEND: [
    [
      "a send after a partial sendall",
      async () => {
        const [ours] = unixPair();
        ours.settimeout(10);
        const cut = await rejection(ours.sendall(Buffer.alloc(8 * 1024 * 1024)));
        expect(cut).toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT", bytesSent: expect.any(Number) });
        return rejection(ours.send("x"));
      },
    ],
  ],
  ERR_SOCKWRIGHT_READ_TOO_LONG: [
    [
      "a read to the end of more than maxReadBytes",
      async () => {
        const [ours, peer] = unixPair();
        await peer.sendall("123456");
        return rejection(closedLater(ours.makefile("r", { maxReadBytes: 5 })).read());
      },
    ],
  ],
  ERR_SOCKWRIGHT_SERVING: [
    [
      "a second serve_forever",
      async () => {
        await using server = new TCPServer({ host: "127.0.0.1", port: 0 }, BaseRequestHandler);
        const serving = server.serve_forever();
        const error = await rejection(server.serve_forever());
        await server.shutdown();
        await serving;
        return error;
      },
    ],
  ],
  ERR_SOCKWRIGHT_TIMEOUT: [
    [
      "a receive that takes too long",
      () => {
        const [ours] = unixPair();
        ours.settimeout(10);
        return rejection(ours.recv(1));
      },
    ],
    [
      "an accept that takes too long",
      () => {
        const listener = listenOnLoopback();
        listener.settimeout(10);
        return rejection(listener.accept());
      },
    ],
  ],
  ERR_SOCKWRIGHT_TIMEOUT_OPTION: [
    ["SO_RCVTIMEO", () => thrown(() => closing(socket()).setsockopt(SOL_SOCKET, SO_RCVTIMEO, Buffer.alloc(16)))],
    ["SO_SNDTIMEO", () => thrown(() => closing(socket()).setsockopt(SOL_SOCKET, SO_SNDTIMEO, 1))],
  ],
};

const codes = Object.keys(provocations) as SockwrightErrorCode[];

describe.each(codes)("%s", (code) => {
  test.each(provocations[code])("%s", async (_name, provoke) => {
    const error = await provoke();
    expect(error).toBeInstanceOf(SockwrightError);
    expect(error).toMatchObject({ code, name: "Error", message: expect.stringMatching(/^[^\n]{10,200}$/) });
  });
});

test("ERR_SOCKWRIGHT_NATIVE: the addon cannot be loaded", async () => {
  const program = "import('sockwright').catch(({ code, message }) => console.log(code, message))";
  const child = await startChild(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: { ...process.env, SOCKWRIGHT_ADDON: "/nonexistent/addon.node" },
  });
  await child.line(/^ERR_SOCKWRIGHT_NATIVE .*\/nonexistent\/addon\.node.*npm run build/);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});

test("every error code that layer 1 uses is provoked here and explained in the docstring", () => {
  const source = fileURLToPath(new URL("../../../src", import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
    /^(?:native|socket)\/.*\.ts$/.test(name),
  );
  const texts = files.map((name) => readFileSync(`${source}/${name}`, "utf8"));
  const named = new Set(texts.flatMap((text) => text.match(/\bERR_SOCKWRIGHT_[A-Z_]+/g) ?? []));
  expect([...named].sort()).toEqual([...codes, "ERR_SOCKWRIGHT_NATIVE"].sort());

  const table = readFileSync(`${source}/socket/sockwright-error.ts`, "utf8");
  const explained = [...table.matchAll(/^ \* \| `(ERR_SOCKWRIGHT_[A-Z_]+)`/gm)].map(([, code]) => code);
  expect(explained).toEqual([...codes].sort());
});

async function withFile<T>(use: (file: number) => Promise<T>): Promise<T> {
  const file = openSync(fileURLToPath(import.meta.url), "r");
  try {
    return await use(file);
  } finally {
    closeSync(file);
  }
}

function closedLater<T extends { close(): Promise<void> }>(file: T): T {
  onTestFinished(() => file.close());
  return file;
}

/** Returns the error that handle_error receives when a handler exits. */
async function lostHandler(Base: typeof ThreadingTCPServer | typeof ForkingTCPServer): Promise<unknown> {
  const errors: unknown[] = [];
  class Server extends (Base as typeof ThreadingTCPServer) {
    override handle_error(_request: Socket, _client_address: Address, error: unknown): void {
      errors.push(error);
    }
  }
  const server = new Server({ host: "127.0.0.1", port: 0 }, byModule("Obey"));
  await server.bind_and_activate();
  await Promise.all([server.handle_request(), ask(server, "exit 3\n")]);
  await server.server_close();
  return errors[0];
}

/** A listener whose backlog is full: the kernel drops new connection requests, tcp(7), and a client keeps retrying. */
async function unansweringAddress(): Promise<AddressInput> {
  const address = listenOnLoopback(0).getsockname() as AddressInput;
  await closing(socket()).connect(address);
  return address;
}
