// A failure caused by a peer, a close, a timeout or a signal does not end the process when the call is not awaited.
import { describe, expect, test } from "vitest";
import { lines } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { DeadlineError } from "../../../src/server/time/deadline-error.ts";
import { connect } from "../../../src/server.ts";
import { SocketError } from "../../../src/socket/socket-error.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";

/** Every call that returns a promise, on a connection whose peer takes nothing and that has bytes to send. */
const CALLS: Record<string, (connection: Connection) => unknown> = {
  read: (connection) => connection.read(),
  "read with a limit": (connection) => connection.read(4),
  readExactly: (connection) => connection.readExactly(4),
  readUntil: (connection) => connection.readUntil("\n"),
  onBytes: (connection) => connection.onBytes(() => undefined),
  "frames.next": (connection) => connection.frames(lines()).next(),
  "frames.onFrame": (connection) => connection.frames(lines()).onFrame(() => undefined),
  "frames.read": (connection) => connection.frames(lines()).read(),
  "frames.skip": (connection) => connection.frames(lines()).skip(),
  "read with a timeout": (connection) => connection.read({ timeoutMs: 60_000 }),
  "read with a signal": (connection) => connection.read({ signal: new AbortController().signal }),
  drained: (connection) => connection.drained(),
  "drained with a timeout": (connection) => connection.drained({ timeoutMs: 60_000 }),
  flushed: (connection) => connection.flushed(),
  end: (connection) => connection.end(),
  close: (connection) => connection.close(),
  "close with options": (connection) => connection.close({ lingerMs: 10 }),
  sendFile: (connection) => connection.sendFile("package.json"),
};

const LOSSES: Record<string, (connection: Connection, link: ScriptedLink) => void> = {
  "a reset": (_, link) => link.input?.onError(new SocketError("recv", 104)),
  "an abort": (connection) => connection.abort(),
  "an abort with a reason": (connection) => connection.abort(new Error("the reason")),
  "a deadline": (_, link) => link.input?.onError(new DeadlineError("idle")),
};

function blocked(): [Connection, ScriptedLink] {
  const link = new ScriptedLink();
  link.room = 0;
  const connection = new Connection(link);
  connection.write(Buffer.alloc(256 * 1024));
  return [connection, link];
}

describe.each(Object.entries(LOSSES))("%s", (_name, lose) => {
  test.each(Object.entries(CALLS))("while %s is pending and not awaited", async (_call, make) => {
    const errors = await unhandled(async () => {
      const [connection, link] = blocked();
      make(connection);
      await turn(5);
      lose(connection, link);
    });
    expect(errors).toEqual([]);
  });

  test.each(Object.entries(CALLS))("before %s, which is not awaited", async (_call, make) => {
    const errors = await unhandled(() => {
      const [connection, link] = blocked();
      lose(connection, link);
      make(connection);
    });
    expect(errors).toEqual([]);
  });
});

test("a peer that ends early or sends an invalid frame or line does not end the process", async () => {
  const errors = await unhandled(() => {
    for (const [says, make] of [
      ["ab", (connection: Connection) => connection.readExactly(4)],
      ["abcdef", (connection: Connection) => connection.readUntil("\n", { maxBytes: 4 })],
      ["abcdef", (connection: Connection) => connection.frames(lines({ maxFrameBytes: 4 })).next()],
      ["abcdef", (connection: Connection) => connection.frames(lines({ maxFrameBytes: 4 })).onFrame(() => undefined)],
    ] as const) {
      const link = new ScriptedLink();
      void make(new Connection(link));
      link.input?.onReceived(Buffer.from(says));
      link.input?.onEnd();
    }
  });
  expect(errors).toEqual([]);
});

test("a connect() that is refused or aborted does not end the process when it is not awaited", async () => {
  const errors = await unhandled(async () => {
    void connect("tcp://127.0.0.1:1");
    void connect("tcp://127.0.0.1:1", { signal: AbortSignal.abort() });
    await turn(50);
  });
  expect(errors).toEqual([]);
});

test.each<[string, (connection: Connection) => unknown, object]>([
  ["a wrong argument", (connection) => connection.readExactly(-1), { code: "ERR_OUT_OF_RANGE" }],
  [
    "a wrong part of a file",
    (connection) => connection.sendFile("package.json", { offset: -1 }),
    { code: "ERR_OUT_OF_RANGE" },
  ],
  [
    "a second read",
    (connection) => {
      void connection.read();
      return connection.read();
    },
    { code: "ERR_SOCKWRIGHT_READING" },
  ],
])("an error of the program itself is an unhandled rejection: %s", async (_name, make, error) => {
  const errors = await unhandled(async (told) => {
    make(new Connection(new ScriptedLink()));
    await until(() => told.length > 0, "the rejection to be unhandled");
  });
  expect(errors).toEqual([expect.objectContaining(error)]);
});

// The file name may come from a peer.
describe("a file that cannot be sent", () => {
  const FILES = [
    ["no-such-file", "ENOENT"],
    ["no\0file", "ERR_INVALID_ARG_VALUE"],
    ["x".repeat(300), "ENAMETOOLONG"],
    ["/", "EISDIR"],
    ["/dev/null", "ERR_SOCKWRIGHT_NOT_A_FILE"],
  ] as const;

  test.each(FILES)(
    "%s: an unawaited sendFile() aborts the connection, and does not end the process",
    async (path, code) => {
      const errors = await unhandled(async () => {
        const connection = new Connection(new ScriptedLink());
        void connection.sendFile(path);
        await until(() => connection.signal.aborted, "the abort");
        expect(connection.signal.reason).toMatchObject({ code });
      });
      expect(errors).toEqual([]);
    },
  );

  test.each<[string, (sending: Promise<number>) => Promise<unknown>]>([
    ["await", async (sending) => await sending],
    ["then", (sending) => sending.then(() => undefined)],
    ["catch", (sending) => sending.catch((error: unknown) => Promise.reject(error))],
    ["finally", (sending) => sending.finally(() => undefined)],
    ["Promise.all", (sending) => Promise.all([sending])],
    ["Promise.race", (sending) => Promise.race([sending])],
    ["async", (sending) => (async () => sending)()],
  ])("a caller that handles the promise by %s gets the error, and can still answer", async (_how, ask) => {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    await expect(ask(connection.sendFile("no-such-file"))).rejects.toMatchObject({ code: "ENOENT" });
    connection.write("not here");
    await connection.end();
    expect(String(Buffer.concat(link.sent))).toBe("not here");
    expect(connection.signal.aborted).toBe(false);
  });

  test("the server goes on, and its onError gets the error", async () => {
    const told: unknown[] = [];
    const service = async (connection: Connection): Promise<void> => {
      void connection.sendFile(String(await connection.read()));
      await connection.read();
    };
    const server = await serving(service, { onError: (error) => told.push(error) });
    const errors = await unhandled(async () => {
      const client = await connected(server);
      client.write("no-such-file");
      await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
      await until(() => told.length > 0, "the error");
    });
    expect([errors, told]).toEqual([[], [expect.objectContaining({ code: "ENOENT" })]]);
    const other = await connected(server);
    other.write("LICENSE");
    expect((await other.read())?.length).toBeGreaterThan(0);
  });
});
