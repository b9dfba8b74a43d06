import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { ConnectionSpans } from "../../../../src/server/telemetry/connection-spans.ts";
import type {
  ConnectionStart,
  ConnectionStop,
  EndReason,
  ServeOptions,
  Server,
  ServiceInput,
} from "../../../../src/server.ts";
import { connectedNodeClient } from "../../../support/node-client.ts";
import { publishedOn } from "../../../support/published.ts";
import { serving } from "../../../support/serving.ts";
import { until } from "../../../support/until.ts";

const START = "sockwright:server:connection:start";
const STOP = "sockwright:server:connection:stop";

/** What a service does, what its client does, and the expected end. */
interface Story {
  readonly service: ServiceInput;
  readonly options?: ServeOptions;
  readonly client: (socket: Socket, server: Server) => Promise<void> | void;
  readonly end: object;
}

async function untilPeerEnds(connection: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of connection);
}

const stays = (): void => undefined;

async function resets(socket: Socket, server: Server): Promise<void> {
  await until(() => server.connections().length === 1, "one connection");
  socket.resetAndDestroy();
}

const withCode = (code: string): unknown => expect.objectContaining({ code });

const stories: readonly (readonly [name: string, story: Story])[] = [
  [
    "the service returns first",
    {
      service: async (connection) => {
        await connection.read();
      },
      client: (socket) => void socket.write("go"),
      end: { reason: "service" },
    },
  ],
  [
    "the service closes the connection itself, and its client ends then",
    {
      service: async (connection) => {
        await connection.close();
      },
      client: stays,
      end: { reason: "service" },
    },
  ],
  ["the peer ends first", { service: untilPeerEnds, client: (socket) => void socket.end(), end: { reason: "peer" } }],
  [
    "the peer ends first, in push form",
    {
      service: (connection) => connection.onBytes(() => undefined),
      client: (socket) => void socket.end(),
      end: { reason: "peer" },
    },
  ],
  [
    "the peer resets",
    {
      service: untilPeerEnds,
      client: resets,
      end: { reason: "lost", code: "ECONNRESET", error: withCode("ECONNRESET") },
    },
  ],
  [
    "the peer resets, in push form",
    {
      service: (connection) => connection.onBytes(() => undefined),
      client: resets,
      end: { reason: "lost", code: "ECONNRESET", error: withCode("ECONNRESET") },
    },
  ],
  [
    "the peer resets, and the service keeps that to itself",
    {
      service: async (connection) => {
        await untilPeerEnds(connection).catch(() => undefined);
      },
      client: resets,
      end: { reason: "lost", code: "ECONNRESET", error: withCode("ECONNRESET") },
    },
  ],
  [
    "a deadline passes",
    {
      service: untilPeerEnds,
      options: { firstByteTimeoutMs: 1 },
      client: stays,
      end: { reason: "deadline", deadline: "first-byte", error: withCode("ERR_SOCKWRIGHT_DEADLINE") },
    },
  ],
  [
    "the service aborts",
    {
      service: async (connection) => {
        connection.abort();
      },
      client: stays,
      end: { reason: "aborted", error: withCode("ERR_SOCKWRIGHT_ABORTED") },
    },
  ],
  [
    "the service aborts for a reason of its own",
    {
      service: async (connection) => {
        connection.abort(Object.assign(new Error("unwanted"), { code: "ENOENT", syscall: "open" }));
      },
      client: stays,
      end: { reason: "aborted", error: withCode("ENOENT") },
    },
  ],
  [
    "a function that is given what comes throws",
    {
      service: (connection) =>
        connection.onBytes(() => {
          throw new RangeError("no");
        }),
      client: (socket) => void socket.write("x"),
      end: { reason: "aborted", error: new RangeError("no") },
    },
  ],
  [
    "more waits to be sent than is allowed",
    {
      service: async (connection) => {
        connection.write(Buffer.alloc(17 * 1024 * 1024));
        await connection.read();
      },
      client: stays,
      end: { reason: "aborted", error: withCode("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL") },
    },
  ],
  [
    "the service throws",
    {
      service: async () => {
        throw new SyntaxError("no");
      },
      client: stays,
      end: { reason: "failed", error: new SyntaxError("no") },
    },
  ],
  [
    "the service throws before its promise",
    {
      service: () => {
        throw new SyntaxError("no");
      },
      client: stays,
      end: { reason: "failed", error: new SyntaxError("no") },
    },
  ],
  [
    "the server closes, and the service returns",
    {
      service: untilPeerEnds,
      client: async (_, server) => {
        await until(() => server.connections().length === 1, "one connection");
        void server.close();
      },
      end: { reason: "server-closed" },
    },
  ],
  [
    "the server closes, and the service does not return",
    {
      service: (connection) => new Promise((_, reject) => connection.signal.addEventListener("abort", reject)),
      client: async (_, server) => {
        await until(() => server.connections().length === 1, "one connection");
        void server.close({ graceMs: 0 });
      },
      end: { reason: "server-closed" },
    },
  ],
];

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("a connection is published when it starts and when it has ended, with its byte counts", async () => {
    const starts = publishedOn<ConnectionStart>(START);
    const stops = publishedOn<ConnectionStop>(STOP);
    const server = await serving({
      name: "answer",
      stream: async (connection) => {
        await connection.readExactly(5);
        connection.write("thank you");
      },
    });
    const socket = await connectedNodeClient(server);
    await until(() => starts.length === 1, "one start message");
    const start = {
      id: expect.any(Number),
      service: "answer",
      url: server.urls[0],
      peer: { host: "127.0.0.1", port: socket.localPort },
    };
    expect(starts).toEqual([start]);
    expect(stops).toEqual([]);
    socket.end("hello");
    await until(() => stops.length === 1, "one stop message");
    expect(stops).toEqual([
      { ...start, bytesRead: 5, bytesWritten: 9, durationMs: expect.any(Number), reason: expect.any(String) },
    ]);
    expect(stops[0]?.id).toBe(starts[0]?.id);
    expect(stops[0]?.durationMs).toBeGreaterThan(0);
  });

  test("each connection has an id of its own", async () => {
    const starts = publishedOn<ConnectionStart>(START);
    const stops = publishedOn<ConnectionStop>(STOP);
    const server = await serving(untilPeerEnds);
    const sockets = await Promise.all([
      connectedNodeClient(server),
      connectedNodeClient(server),
      connectedNodeClient(server),
    ]);
    await until(() => starts.length === 3, "three start messages");
    for (const socket of sockets) socket.end();
    await until(() => stops.length === 3, "three stop messages");
    expect(new Set(starts.map(({ id }) => id)).size).toBe(3);
    const ports = (messages: readonly ConnectionStart[]): unknown =>
      new Map(messages.map(({ id, peer }) => [id, peer]));
    expect(ports(stops)).toEqual(ports(starts));
  });

  test.for(stories)("%s", async ([, { service, options, client: act, end }]) => {
    const stops = publishedOn<ConnectionStop>(STOP);
    const server = await serving(service, options);
    const socket = await connectedNodeClient(server);
    socket.resume();
    await act(socket, server);
    await until(() => stops.length === 1, "one stop message");
    const { id, service: name, url, peer, bytesRead, bytesWritten, durationMs, ...told } = stops[0] ?? never();
    expect(told).toEqual(end);
    // The published reason is the counted one.
    const { connectionsEnded } = server.stats();
    expect(Object.entries(connectionsEnded).filter(([, count]) => count > 0)).toEqual([[told.reason, 1]]);
  });

  test("histograms: durations of connections, and bytes read and written", async () => {
    const server = await serving(async (connection) => {
      await connection.readExactly(100);
      connection.write(Buffer.alloc(1_000));
    });
    const socket = await connectedNodeClient(server);
    socket.resume();
    socket.end(Buffer.alloc(100));
    await until(() => server.stats().connectionBytesRead.count === 1, "the connection to be counted");
    const { connectionBytesRead, connectionBytesWritten, connectionDurationMs } = server.stats();
    expect(connectionBytesRead).toMatchObject({ sum: 100, counts: [0, 1, ...Array<number>(14).fill(0)] });
    expect(connectionBytesWritten).toMatchObject({ sum: 1_000, counts: [0, 0, 1, ...Array<number>(13).fill(0)] });
    expect(connectionDurationMs.count).toBe(1);
    expect(connectionDurationMs.sum).toBeGreaterThan(0);
  });

  test("a subscriber that joins later gets no message about connections that were already open", async () => {
    const server = await serving(untilPeerEnds);
    const early = await connectedNodeClient(server);
    await until(() => server.connections().length === 1, "one connection");
    const stops = publishedOn<ConnectionStop>(STOP);
    const late = await connectedNodeClient(server);
    await until(() => server.connections().length === 2, "2 connections");
    early.end();
    await until(() => server.connections().length === 1, "one connection");
    late.end();
    await until(() => server.connections().length === 0, "the last connection to end");
    expect(stops.map(({ peer }) => "port" in peer && peer.port)).toEqual([late.localPort]);
  });

  test("without subscribers, no message is built for a connection", async () => {
    const describeConnection = vi.spyOn(ConnectionSpans.prototype, "describe");
    onTestFinished(() => describeConnection.mockRestore());
    const server = await serving(untilPeerEnds);
    const socket = await connectedNodeClient(server);
    await until(() => server.connections().length === 1, "one connection");
    socket.end();
    await until(() => server.connections().length === 0, "the last connection to end");
    expect(describeConnection).not.toHaveBeenCalled();
    expect(server.stats().connectionsEnded.peer).toBe(1);
  });
});

test("the stories cover every end reason", () => {
  const told = new Set(stories.map(([, { end }]) => ("reason" in end ? end.reason : undefined)));
  const reasons: readonly EndReason[] = ["service", "peer", "server-closed", "deadline", "lost", "aborted", "failed"];
  expect(told).toEqual(new Set(reasons));
});

function never(): never {
  throw new Error("nothing was told");
}
