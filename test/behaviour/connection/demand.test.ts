// Reading and writing at once: one side of every pair always reads, so that two programs do not wait for each other
// forever; and a peer that only sends makes a server buffer no more than the documented amount.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import {
  connectionLimits,
  DEFAULT_HIGH_WATER_BYTES,
  MAX_UNSENT_BYTES_WHILE_READING,
} from "../../../src/server/connection/connection-options.ts";
import { clientPolicy, DEFAULT_POLICY } from "../../../src/server/connection/policy.ts";
import {
  DEFAULT_WRITE_TIMEOUT_MS,
  type ListenerOptions,
  listenerSettings,
} from "../../../src/server/listener-options.ts";
import { type ServeOptions, serveLimits } from "../../../src/server/serve-options.ts";
import { memoryPair } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { turn } from "../../support/until.ts";

const BYTES = 512 * 1024;

/** The ways in which a service can echo. */
const ECHOES: readonly (readonly [string, (connection: Connection) => Promise<void>])[] = [
  ["pushes", (connection) => connection.onBytes((bytes) => void connection.write(bytes))],
  [
    "iterates and waits",
    async (connection) => {
      for await (const piece of connection) {
        connection.write(piece);
        await connection.drained();
      }
    },
  ],
  [
    "iterates and does not wait",
    async (connection) => {
      for await (const piece of connection) connection.write(piece);
    },
  ],
];

/** The ways in which a client can write much data and then read all of it back. */
const CLIENTS: readonly (readonly [string, (client: Connection) => Promise<number>])[] = [
  [
    "writes and then awaits readExactly",
    async (client) => {
      client.write(Buffer.alloc(BYTES, "x"));
      return (await client.readExactly(BYTES)).length;
    },
  ],
  [
    "ends in between",
    async (client) => {
      client.write(Buffer.alloc(BYTES, "x"));
      const ended = client.end();
      const { length } = await client.readExactly(BYTES);
      await ended;
      return length;
    },
  ],
  [
    "writes little at a time, awaits drained(), and reads beside it",
    async (client) => {
      const read = client.readExactly(BYTES);
      for (let sent = 0; sent < BYTES; sent += 1_024) {
        if (!client.write(Buffer.alloc(1_024, "x"))) await client.drained();
      }
      return (await read).length;
    },
  ],
  [
    "has it pushed",
    async (client) => {
      let got = 0;
      client.write(Buffer.alloc(BYTES, "x"));
      const ended = client.end();
      await client.onBytes((bytes) => {
        got += bytes.length;
      });
      await ended;
      return got;
    },
  ],
];

describe.each(ECHOES)("a service that %s", (_service, service) => {
  describe.each(["native", "node"])("on the %s transport", (transport) => {
    beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport));
    afterEach(() => void vi.unstubAllEnvs());

    test.each(CLIENTS)("a client that %s gets all bytes", async (_client, run) => {
      const server = await serving(service);
      expect(await run(await connected(server))).toBe(BYTES);
    });
  });

  test.each(CLIENTS)("in memory, a client that %s gets all bytes", async (_client, run) => {
    const { client, server } = memoryPair();
    const served = service(server).then(() => server.close());
    expect(await run(client)).toBe(BYTES);
    await client.close();
    await served;
  });
});

describe("reading pauses while too many bytes wait to be sent", () => {
  /** Tells whether a connection whose peer takes nothing pauses reading, when `unsent` bytes wait to be sent. */
  async function reading(isAccepted: boolean, unsent: number, read: (connection: Connection) => unknown) {
    const link = new ScriptedLink();
    const connection = new Connection(link, isAccepted ? DEFAULT_POLICY : clientPolicy());
    link.room = 0;
    void read(connection);
    connection.write(Buffer.alloc(unsent));
    await turn();
    const isHeldBack = link.calls.includes("pause");
    connection.abort();
    return isHeldBack;
  }

  const READS: readonly (readonly [string, number, (connection: Connection) => unknown])[] = [
    ["onBytes", DEFAULT_HIGH_WATER_BYTES, (each) => each.onBytes(() => undefined).catch(() => undefined)],
    [
      "onFrame",
      DEFAULT_HIGH_WATER_BYTES,
      (each) =>
        each
          .frames(lines())
          .onFrame(() => {})
          .catch(() => undefined),
    ],
    ["read", MAX_UNSENT_BYTES_WHILE_READING, (each) => each.read().catch(() => undefined)],
    ["readExactly", MAX_UNSENT_BYTES_WHILE_READING, (each) => each.readExactly(5).catch(() => undefined)],
    ["readUntil", MAX_UNSENT_BYTES_WHILE_READING, (each) => each.readUntil("\n").catch(() => undefined)],
    [
      "frames",
      MAX_UNSENT_BYTES_WHILE_READING,
      (each) =>
        each
          .frames(lines())
          .next()
          .catch(() => undefined),
    ],
  ];

  test.each(READS)(
    "%s pauses an accepted connection from its limit on, and never a client connection",
    async (_name, most, read) => {
      expect(await reading(true, most - 1, read)).toBe(false);
      expect(await reading(true, most, read)).toBe(true);
      expect(await reading(false, 2 * MAX_UNSENT_BYTES_WHILE_READING, read)).toBe(false);
    },
  );

  test("MAX_UNSENT_BYTES_WHILE_READING is at most half of maxWriteBufferBytes", () => {
    const link = new ScriptedLink();
    const connection = new Connection(link, { ...DEFAULT_POLICY, ...connectionLimits({ maxWriteBufferBytes: 1_000 }) });
    link.room = 0;
    const read = connection.read().catch(() => undefined);
    connection.write(Buffer.alloc(499));
    expect(link.calls).toEqual(["resume"]);
    connection.write(Buffer.alloc(1));
    expect(link.calls).toEqual(["resume", "pause"]);
    connection.abort();
    return read;
  });

  test("reading resumes once end() is called: no answer can be added", async () => {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    link.room = 0;
    const pushed = connection.onBytes(() => undefined);
    connection.write(Buffer.alloc(2 * MAX_UNSENT_BYTES_WHILE_READING));
    const ended = connection.end().catch(() => undefined);
    expect(link.calls).toEqual(["resume", "pause", "awaitWritable", "resume"]);
    connection.abort();
    await Promise.all([pushed.catch(() => undefined), ended]);
  });
});

describe("1 000 peers that send lines and never read", () => {
  const PEERS = 1_000;
  const LINES = Buffer.from(`${"a line that is answered".padEnd(999)}\n`.repeat(4));

  /** Returns the bytes that wait to be sent (maximum and sum) once the server reads from no peer any more. */
  async function flooded(maxWriteBufferBytes: number, service: (connection: Connection) => Promise<void>) {
    const policy = { ...DEFAULT_POLICY, ...connectionLimits({ maxWriteBufferBytes }) };
    const peers = Array.from({ length: PEERS }, () => {
      const link = new ScriptedLink();
      link.room = 0;
      const connection = new Connection(link, policy);
      const served = service(connection).catch(() => undefined);
      return { link, connection, served };
    });
    const isRead = ({ link }: { link: ScriptedLink }): boolean =>
      link.calls.findLast((call) => call === "resume" || call === "pause") === "resume";
    for (let reading = peers; reading.length > 0; reading = reading.filter(isRead)) {
      for (const { link } of reading) link.input?.onReceived(LINES);
      await turn();
    }
    const waiting = peers.map(({ connection }) => connection.stats().bytesWaiting);
    for (const { connection } of peers) connection.abort();
    await Promise.all(peers.map(({ served }) => served));
    return { most: Math.max(...waiting), sum: waiting.reduce((all, each) => all + each) };
  }

  test("with a service that pushes: at most 64 KiB and one piece wait on each connection", async () => {
    const { most, sum } = await flooded(16 * 1024 * 1024, async (connection) => {
      const frames = connection.frames(lines());
      await frames.onFrame((line) => void frames.write(line));
    });
    expect(most).toBeLessThan(DEFAULT_HIGH_WATER_BYTES + LINES.length);
    expect(sum).toBeLessThan(PEERS * (DEFAULT_HIGH_WATER_BYTES + LINES.length));
  });

  test("with a service that awaits drained(): at most 64 KiB and one piece wait, too", async () => {
    const { most } = await flooded(16 * 1024 * 1024, async (connection) => {
      const frames = connection.frames(lines());
      for await (const line of frames) if (!frames.write(line)) await connection.drained();
    });
    expect(most).toBeLessThanOrEqual(DEFAULT_HIGH_WATER_BYTES + LINES.length);
  });

  test("with a service that awaits nothing: at most half of maxWriteBufferBytes and what was already read wait", async () => {
    const { most } = await flooded(128 * 1024, async (connection) => {
      const frames = connection.frames(lines());
      for await (const line of frames) frames.write(line);
    });
    expect(most).toBeLessThan(64 * 1024 + 2 * LINES.length);
  });
});

test("DEFAULT_WRITE_TIMEOUT_MS is the write timeout of a server unless an option sets another", () => {
  const timeoutOf = (options: ServeOptions, listener: Partial<ListenerOptions> = {}): number | undefined => {
    const [settings] = listenerSettings({ url: "tcp://127.0.0.1:0", ...listener }, serveLimits(options).listeners);
    return settings?.limits.writeTimeoutMs;
  };
  expect(timeoutOf({})).toBe(DEFAULT_WRITE_TIMEOUT_MS);
  expect(timeoutOf({ writeTimeoutMs: 5 })).toBe(5);
  expect(timeoutOf({ writeTimeoutMs: 5 }, { writeTimeoutMs: 6 })).toBe(6);
  expect(() => timeoutOf({ writeTimeoutMs: 0 })).toThrow(RangeError);
});
