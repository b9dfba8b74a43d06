// The errors of accept(2) in serve_forever(): following the table of layer 1 it retries, pauses or ends.

import { channel } from "node:diagnostics_channel";
import { constants } from "node:os";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Socket, socket } from "../../src/index.ts";
import { EHOSTDOWN, ENONET } from "../../src/socket/errno.ts";
import { DatagramRequestHandler, TCPServer, ThreadingTCPServer, UDPServer } from "../../src/socketserver.ts";
import type { ErrnoName } from "../../src/testing/kernel-fault.ts";
import { turnLoop } from "../behaviour/poller/turns.ts";
import { EchoLine } from "../support/echo-line.ts";
import { inPlace } from "./storms.ts";

/** By number: EOPNOTSUPP has two names. */
const ERRNO = { ...constants.errno, EHOSTDOWN, ENONET };
const TRANSIENT: readonly ErrnoName[] = [
  ...(["ENETDOWN", "EPROTO", "ENOPROTOOPT", "EHOSTDOWN", "ENONET", "EHOSTUNREACH"] as const),
  ...(["EOPNOTSUPP", "ENETUNREACH", "ETIMEDOUT", "ECONNABORTED", "EPERM"] as const),
];
/** More than a server that has run out of sockets tries without a pause. */
const SERIES = 100;
const PAUSE_MS = 100;
const ADDRESS = { host: "127.0.0.1", port: 0 };

afterEach(() => {
  vi.useRealTimers();
});

async function ask(server: TCPServer): Promise<string> {
  const client = socket();
  try {
    await client.connect(server.server_address);
    await client.sendall("hello\n");
    return String(await client.recv(100));
  } finally {
    client.close();
  }
}

interface Failure {
  readonly error: { readonly code?: string; readonly errno?: number };
  readonly hook: string;
}

function published(): Failure[] {
  const failures: Failure[] = [];
  const note = (message: unknown): void => void failures.push(message as Failure);
  const errors = channel("sockwright:socketserver:error");
  errors.subscribe(note);
  onTestFinished(() => void errors.unsubscribe(note));
  return failures;
}

describe.each([
  ["TCPServer", TCPServer],
  ["ThreadingTCPServer", ThreadingTCPServer],
])("%s", (_name, Server) => {
  test("an error of one connection is published, and the next connection is accepted at once", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const kernel = inPlace(undefined);
    const failures = published();
    const server = new Server(ADDRESS, EchoLine);
    await server.bind_and_activate();
    const serving = server.serve_forever();
    for (const code of TRANSIENT) {
      kernel.script("accept", new Array<ErrnoName>(SERIES).fill(code));
      expect(await ask(server)).toBe("hello\n");
      expect(kernel.scriptedFaults).toBe(0);
      expect(failures).toHaveLength(SERIES);
      for (const { error, hook } of failures.splice(0)) {
        expect([hook, error.errno]).toEqual(["get_request", -ERRNO[code]]);
      }
    }
    await server.shutdown();
    await serving;
    await server.server_close();
    expect(kernel.openSockets).toBe(0);
  });

  test.for(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] as const)(
    "%s: one try in each pause, and who waits is served when it is over",
    async (code) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const kernel = inPlace(undefined);
      const failures = published();
      const server = new Server(ADDRESS, EchoLine);
      await server.bind_and_activate();
      const serving = server.serve_forever();
      kernel.script("accept", [code, code, code]);
      const answer = ask(server);
      for (let tries = 1; tries <= 3; tries++) {
        await turnLoop(8);
        expect(failures.map(({ error }) => error.code)).toEqual(new Array(tries).fill(code));
        await vi.advanceTimersByTimeAsync(PAUSE_MS);
      }
      expect(await answer).toBe("hello\n");
      // A shutdown ends the pause.
      kernel.script("accept", [code]);
      const late = socket();
      await late.connect(server.server_address);
      await turnLoop(8);
      expect(failures).toHaveLength(4);
      await server.shutdown();
      await serving;
      late.close();
      await server.server_close();
      expect(kernel.openSockets).toBe(0);
    },
  );

  test.for(["EBADF", "EINVAL", "ENOTSOCK", "EFAULT"] as const)("%s ends it", async (code) => {
    const kernel = inPlace(undefined);
    const server = new Server(ADDRESS, EchoLine);
    await server.bind_and_activate();
    const ended = expect(server.serve_forever()).rejects.toMatchObject({ code, syscall: "accept" });
    kernel.script("accept", [code]);
    const client = socket();
    await client.connect(server.server_address);
    await ended;
    client.close();
    await server.server_close();
    expect(kernel.openSockets).toBe(0);
  });
});

test("handle_request() publishes a shortage, and the next one serves the waiting client", async () => {
  const kernel = inPlace(undefined);
  const failures = published();
  await using server = new TCPServer(ADDRESS, EchoLine);
  await server.bind_and_activate();
  kernel.script("accept", ["EMFILE"]);
  const answer = ask(server);
  await server.handle_request();
  expect(failures).toMatchObject([{ error: { code: "EMFILE" }, hook: "get_request" }]);
  await server.handle_request();
  expect(await answer).toBe("hello\n");
});

test("errors of recvfrom(2) are published, and a datagram server continues", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const kernel = inPlace(undefined);
  const failures = published();
  const taken: string[] = [];
  class Server extends UDPServer {
    override async process_request([data]: [Buffer, Socket]): Promise<void> {
      taken.push(String(data));
      await this.shutdown();
    }
  }
  await using server = new Server(ADDRESS, DatagramRequestHandler);
  await server.bind_and_activate();
  kernel.script("recvfrom", ["ECONNREFUSED", "ENOMEM"]);
  const client = socket(2, 2);
  await client.sendto("data", server.server_address);
  await server.serve_forever();
  client.close();
  expect(taken).toEqual(["data"]);
  expect(failures.map(({ error }) => error.code)).toEqual(["ECONNREFUSED", "ENOMEM"]);
});
