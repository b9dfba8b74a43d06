// An end without close_notify: RFC 8446, section 6.1. An attacker can send a FIN, and cannot send a close_notify.
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { Push } from "../../../src/server/connection/push.ts";
import { certificates } from "../../support/certificates.ts";
import { useTransport } from "../../support/transports.ts";
import { turn, until } from "../../support/until.ts";
import { type CutConnection, cutConnection } from "./cut-connection.ts";

const files = certificates();
const TRUNCATED = "ERR_SOCKWRIGHT_TLS_TRUNCATED";
const SIDES = (["native", "node"] as const).flatMap((transport) =>
  (["client", "server"] as const).flatMap((side) =>
    (["TLSv1.2", "TLSv1.3"] as const).map((version) => ({ transport, side, version })),
  ),
);

/** How the input of a connection ends: "end", or the code of the error. */
type Ending = readonly [bytes: string, ending: string];

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

async function byReads(connection: Connection): Promise<Ending> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of connection) {
      pieces.push(piece);
      await turn();
    }
  } catch (error) {
    return [String(Buffer.concat(pieces)), codeOf(error)];
  }
  return [String(Buffer.concat(pieces)), "end"];
}

async function lateReads(connection: Connection): Promise<Ending> {
  await turn(50);
  return byReads(connection);
}

async function byPush(connection: Connection): Promise<Ending> {
  const pieces: Buffer[] = [];
  const ended = connection.onBytes((bytes) => void pieces.push(Buffer.from(bytes)));
  const ending = await ended.then(() => "end", codeOf);
  return [String(Buffer.concat(pieces)), ending];
}

/** The push pauses before it has got anything, until the end has come. */
async function byPausedPush(connection: Connection): Promise<Ending> {
  const pieces: Buffer[] = [];
  let push: Push | undefined;
  const ended = connection.onBytes((bytes, own) => {
    pieces.push(Buffer.from(bytes));
    if (push !== undefined) return;
    push = own;
    own.pause();
    void turn(50).then(() => own.resume());
  });
  const ending = await ended.then(() => "end", codeOf);
  return [String(Buffer.concat(pieces)), ending];
}

const READERS = [byReads, lateReads, byPush, byPausedPush];

interface Row {
  readonly what: string;
  readonly cut: (made: CutConnection) => Promise<void> | void;
  readonly sees: readonly [bytes: string, ...endings: string[]];
}

const LONG = "a long answer ".repeat(50_000);

const ROWS: readonly Row[] = [
  {
    what: "a FIN before any data",
    cut: ({ wire }) => void wire.socket.end(),
    sees: ["", TRUNCATED],
  },
  {
    what: "a FIN after data",
    cut: async ({ wire, peer, connection }) => {
      peer.write("some data");
      const before = connection.link.bytesReceived ?? 0;
      await until(() => (connection.link.bytesReceived ?? 0) > before, "the data");
      wire.socket.end();
    },
    sees: ["some data", TRUNCATED],
  },
  {
    what: "a FIN in the segment of the data",
    cut: async ({ wire, peer }) => {
      wire.hold();
      peer.write("some data");
      wire.socket.end(await wire.held(1));
    },
    sees: ["some data", TRUNCATED],
  },
  {
    what: "a FIN after much data",
    cut: async ({ wire, peer }) => {
      wire.hold();
      peer.write(LONG);
      const records = Math.ceil(LONG.length / 16_384);
      wire.socket.end(await wire.held(records));
    },
    sees: [LONG, TRUNCATED],
  },
  {
    what: "a FIN in the middle of a record",
    cut: async ({ wire, peer, connection }) => {
      const before = connection.link.bytesReceived ?? 0;
      peer.write("whole ");
      await until(() => (connection.link.bytesReceived ?? 0) > before, "the whole record");
      wire.hold();
      peer.write("cut");
      const held = await wire.held(1);
      wire.socket.end(held.subarray(0, held.length - 3));
    },
    sees: ["whole ", TRUNCATED],
  },
  {
    what: "a FIN in the middle of close_notify",
    cut: async ({ wire, peer }) => {
      wire.hold();
      peer.end("some data");
      const held = await wire.held(2);
      wire.socket.end(held.subarray(0, held.length - 1));
    },
    sees: ["some data", TRUNCATED],
  },
  {
    what: "a close_notify, and then the FIN",
    cut: ({ peer }) => void peer.end("some data"),
    sees: ["some data", "end"],
  },
  {
    what: "a close_notify without data",
    cut: ({ peer }) => void peer.end(),
    sees: ["", "end"],
  },
  {
    what: "a close_notify in the segment of the FIN",
    cut: async ({ wire, peer }) => {
      wire.hold();
      peer.end("some data");
      wire.socket.end(await wire.held(2));
    },
    sees: ["some data", "end"],
  },
  {
    what: "a close_notify after much data",
    cut: ({ peer }) => void peer.end(LONG),
    sees: [LONG, "end"],
  },
  {
    what: "a close_notify without a FIN",
    cut: async ({ wire, peer }) => {
      wire.hold();
      peer.end("some data");
      wire.socket.write(await wire.held(2));
    },
    sees: ["some data", "end"],
  },
];

describe.each(SIDES)("over $transport, $side, $version", ({ transport, side, version }) => {
  test.for(ROWS)("$what", async ({ cut, sees: [bytes, ...endings] }) => {
    useTransport(transport);
    for (const reader of READERS) {
      const made = await cutConnection(side, version, files);
      const seen = reader(made.connection);
      await cut(made);
      const [got, ending] = await seen;
      expect([reader.name, got.length, endings.includes(ending), ending]).toEqual([
        reader.name,
        bytes.length,
        true,
        ending,
      ]);
      expect(got).toBe(bytes);
      if (ending === TRUNCATED) expect(made.connection.signal.aborted).toBe(true);
    }
  });

  test("a reset after data is a reset, and the data comes first, once", async () => {
    useTransport(transport);
    for (const reader of READERS) {
      const { connection, peer, wire } = await cutConnection(side, version, files);
      const before = connection.link.bytesReceived ?? 0;
      const seen = reader(connection);
      peer.write("some data");
      await until(() => (connection.link.bytesReceived ?? 0) > before, "the data");
      wire.socket.resetAndDestroy();
      expect([reader.name, await seen]).toEqual([reader.name, ["some data", "ECONNRESET"]]);
    }
  });

  test("this side can still write after the peer's close_notify, and not after a truncation", async () => {
    useTransport(transport);
    const whole = await cutConnection(side, version, files);
    let answer = "";
    whole.peer.on("data", (bytes: Buffer) => {
      answer += String(bytes);
    });
    whole.wire.hold();
    whole.peer.end("ask");
    whole.wire.socket.write(await whole.wire.held(2));
    expect(await byReads(whole.connection)).toEqual(["ask", "end"]);
    whole.connection.write("answer");
    await whole.connection.end();
    await until(() => answer === "answer", "the answer");
    const cut = await cutConnection(side, version, files);
    cut.wire.socket.end();
    expect(await byReads(cut.connection)).toEqual(["", TRUNCATED]);
    expect(cut.connection.write("more")).toBe(false);
  });

  test("a changed record is an error, after what came before it", async () => {
    useTransport(transport);
    const { connection, peer, wire } = await cutConnection(side, version, files);
    const seen = byReads(connection);
    peer.write("whole");
    await until(() => connection.bytesRead === 5, "the whole record");
    wire.hold();
    peer.write("changed");
    const held = Buffer.from(await wire.held(1));
    const last = held.length - 1;
    held.writeUInt8(held.readUInt8(last) ^ 1, last);
    wire.socket.write(held);
    const [bytes, ending] = await seen;
    expect(bytes).toBe("whole");
    // The second is OpenSSL's of TLS 1.2.
    expect(["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "ERR_SSL_CIPHER_OPERATION_FAILED"]).toContain(ending);
    expect(String(connection.failure)).toContain("a record was changed on its way");
  });
});

test.for(["TLSv1.2", "TLSv1.3"] as const)(
  "a listener that hands its connections over cannot tell a truncated one: %s",
  async (version) => {
    const { connection, peer, wire } = await cutConnection("server", version, files, false);
    const seen = byReads(connection);
    peer.write("some data");
    await until(() => connection.bytesRead === 9, "the data");
    wire.socket.end();
    expect(await seen).toEqual(["some data", "end"]);
  },
);
