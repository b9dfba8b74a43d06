import { readdirSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { DEADLINE_TICK_MS, deadlines } from "../../../../src/server/time/deadline-wheel.ts";
import { connect } from "../../../../src/server.ts";
import { TRANSFER_STATE_FOLDER } from "../../../../src/services/transfer/entry.ts";
import { DATA, frameHeader } from "../../../../src/services/transfer/frame.ts";
import {
  type Arrived,
  FrameStream,
  failureOf,
  MAX_FAILURE_LENGTH,
} from "../../../../src/services/transfer/frame-stream.ts";
import { HELLO_TIMEOUT_MS, MAX_HELLO_BYTES } from "../../../../src/services/transfer/receiver.ts";
import { MAX_OPEN_ENTRIES, MAX_STREAMS } from "../../../../src/services/transfer/receiver-session.ts";
import { manualClock } from "../../../../src/testing.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { offeredFile } from "../../../support/inboxes.ts";
import { urlOf } from "../../../support/serving.ts";
import { type Receiving, receivingInto, TEST_SENDER_KEY, TRANSFER_SECRET } from "../../../support/transfers.ts";

interface Peer {
  readonly stream: FrameStream;
  readonly challenge: unknown;
  next(): Promise<Arrived | undefined>;
}

/** A client that has been challenged. */
async function peerOf({ server }: Receiving): Promise<Peer> {
  const connection = await connect(urlOf(server));
  onTestFinished(() => connection.abort());
  const stream = new FrameStream(connection);
  const arriving = stream.arriving();
  const next = async (): Promise<Arrived | undefined> => {
    const { value, done } = await arriving.next();
    return done === true ? undefined : value;
  };
  const challenge = await next();
  if (challenge?.type !== "message" || challenge.letter !== "C") throw new Error("No challenge");
  return { stream, challenge: challenge.fields["challenge"], next };
}

function greet({ stream, challenge }: Peer, fields: Readonly<Record<string, unknown>> = {}): void {
  stream.send("H", {
    v: 1,
    session: "one",
    key: TEST_SENDER_KEY.publicKey,
    secret: TRANSFER_SECRET,
    signature: TEST_SENDER_KEY.sign(String(challenge)),
    ...fields,
  });
}

async function greeted(receiving: Receiving): Promise<Peer> {
  const peer = await peerOf(receiving);
  greet(peer);
  expect(await peer.next()).toMatchObject({ letter: "A" });
  return peer;
}

describe("a hello", () => {
  test.each([
    ["of another version", { v: 2 }, "PROTOCOL"],
    ["without a key", { key: undefined }, "PROTOCOL"],
    ["with another secret", { secret: "B".repeat(22) }, "WRONG_SECRET"],
    ["without a secret", { secret: 5 }, "WRONG_SECRET"],
    ["with a signature for another challenge", { signature: TEST_SENDER_KEY.sign("other") }, "OTHER_SENDER"],
    ["with a key that is none", { key: "AAAA" }, "OTHER_SENDER"],
    ["longer than its limit", { more: "x".repeat(MAX_HELLO_BYTES) }, "PROTOCOL"],
  ])("%s is refused, and binds nobody", async (_, fields, code) => {
    const folder = temporaryFolder();
    const receiving = await receivingInto(folder);
    const peer = await peerOf(receiving);
    greet(peer, fields);
    await expect(peer.next()).rejects.toMatchObject({ code });
    expect(receiving.bound).toEqual([]);
    expect(readdirSync(folder)).toEqual([TRANSFER_STATE_FOLDER]);
  });

  test("that does not come in time ends the connection", async () => {
    const clock = manualClock();
    vi.spyOn(deadlines, "clock", "get").mockReturnValue(clock);
    onTestFinished(() => void vi.restoreAllMocks());
    const peer = await peerOf(await receivingInto(temporaryFolder()));
    clock.advance(HELLO_TIMEOUT_MS + 2 * DEADLINE_TICK_MS);
    expect(await peer.next().catch(() => undefined)).toBeUndefined();
  });
});

describe("a session", () => {
  const offer = (count: number): unknown =>
    Array.from({ length: count }, (_, id) => offeredFile(`file ${id}`, "content", id));

  test("has a limit of open entries", async () => {
    const peer = await greeted(await receivingInto(temporaryFolder()));
    peer.stream.send("O", { entries: offer(MAX_OPEN_ENTRIES + 1) });
    await expect(peer.next()).rejects.toMatchObject({ code: "PROTOCOL", message: /more than 1024 entries/ });
  });

  test("has a limit of connections", async () => {
    const receiving = await receivingInto(temporaryFolder());
    for (let count = 0; count < MAX_STREAMS; count++) await greeted(receiving);
    const peer = await peerOf(receiving);
    greet(peer);
    expect(await peer.next()).toMatchObject({ letter: "A" });
    await expect(peer.next()).rejects.toMatchObject({ code: "PROTOCOL", message: /number of connections/ });
  });

  test.each([
    [
      "bytes of no file",
      (peer: Peer) => peer.stream.connection.write(Buffer.concat([frameHeader(DATA, 1), Buffer.from("x")])),
    ],
    ["a file that is not wanted", (peer: Peer) => peer.stream.send("F", { id: 0, offset: 0 })],
    ["the end of a file that has not begun", (peer: Peer) => peer.stream.send("E", { sha256: "" })],
    ["a file that it gives up and nobody wants", (peer: Peer) => peer.stream.send("X", { id: 5 })],
    ["an offer that is no list", (peer: Peer) => peer.stream.send("O", { entries: {} })],
    ["an entry that is none", (peer: Peer) => peer.stream.send("O", { entries: [5] })],
    ["a message of an unknown letter", (peer: Peer) => peer.stream.send("K", {})],
    [
      "a message that is no object",
      (peer: Peer) => peer.stream.connection.write(Buffer.concat([frameHeader("O", 1), Buffer.from("5")])),
    ],
  ])("ends with %s", async (_, send) => {
    const peer = await greeted(await receivingInto(temporaryFolder()));
    send(peer);
    await expect(peer.next()).rejects.toMatchObject({ code: "PROTOCOL" });
  });

  test("takes no more bytes than were offered, and no others", async () => {
    const receiving = await receivingInto(temporaryFolder());
    const peer = await greeted(receiving);
    const send = (bytes: string): void => {
      peer.stream.connection.write(Buffer.concat([frameHeader(DATA, bytes.length), Buffer.from(bytes)]));
    };
    peer.stream.send("O", { entries: offer(2) });
    expect(await peer.next()).toMatchObject({ letter: "W" });
    peer.stream.send("F", { id: 0, offset: 0 });
    send("another");
    peer.stream.send("E", { sha256: "0".repeat(64) });
    expect(await peer.next()).toMatchObject({ letter: "R", fields: { id: 0, code: "DIGEST" } });
    peer.stream.send("F", { id: 1, offset: 0 });
    send("longer than it");
    await expect(peer.next()).rejects.toMatchObject({ code: "PROTOCOL" });
  });
});

test("of a peer's failure only so much text is taken, and no code that does not exist", () => {
  const failure = failureOf({ code: "rm -rf", message: "x".repeat(MAX_FAILURE_LENGTH + 1) });
  expect(failure).toMatchObject({ code: "PROTOCOL", message: "x".repeat(MAX_FAILURE_LENGTH) });
  expect(failureOf({ code: "NO_SPACE" })).toMatchObject({ code: "NO_SPACE", message: "The peer gave no reason" });
});
