import { expect, onTestFinished, test } from "vitest";
import { Connection } from "../../../../src/server/connection/connection.ts";
import { DEFAULT_HANDSHAKE_TIMEOUT_MS } from "../../../../src/server/connection/connection-options.ts";
import { DEFAULT_POLICY } from "../../../../src/server/connection/policy.ts";
import { beginTls, secureClient, upgradeTls } from "../../../../src/server/connection/upgrade-tls.ts";
import { DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import { manualClock } from "../../../../src/testing.ts";
import { certificates } from "../../../support/certificates.ts";
import { ScriptedLink } from "../../../support/scripted-link.ts";
import { turn } from "../../../support/until.ts";

const files = certificates();
const ca = files.path("ca.pem");
const HANDSHAKE_RECORD = 22;

/** A connection whose other end says only what the test says, and its clock. */
function scripted(isAccepted = false) {
  const clock = manualClock();
  const link = new ScriptedLink();
  const connection = new Connection(link, { ...DEFAULT_POLICY, isAccepted, wheel: new DeadlineWheel(clock) });
  connection.signal.addEventListener("abort", () => undefined);
  onTestFinished(async () => {
    connection.abort();
    await turn(5);
  });
  return { clock, link, connection };
}

test("a client sends its ClientHello, and a server waits for one", async () => {
  const client = scripted();
  const connecting = upgradeTls(client.connection, { ca, servername: "localhost" });
  connecting.catch(() => undefined);
  await turn(5);
  expect(Buffer.concat(client.link.sent)[0]).toBe(HANDSHAKE_RECORD);
  const server = scripted(true);
  const accepting = upgradeTls(server.connection, files.pair("localhost"));
  accepting.catch(() => undefined);
  await turn(5);
  expect(server.link.sent).toEqual([]);
});

test("the default deadline, and one of its own", async () => {
  for (const handshakeTimeoutMs of [undefined, 500]) {
    const { clock, connection } = scripted();
    const upgrading = upgradeTls(connection, {
      ca,
      ...(handshakeTimeoutMs === undefined ? {} : { handshakeTimeoutMs }),
    });
    const settled: unknown[] = [];
    upgrading.catch((error: unknown) => settled.push(error));
    await turn(5);
    clock.advance((handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS) - 1);
    await turn(5);
    expect(settled).toEqual([]);
    clock.advance(300);
    await turn(5);
    expect(settled).toMatchObject([{ name: "DeadlineError", deadline: "handshake" }]);
  }
});

test("unread bytes: a server's may be a handshake, a client's never", async () => {
  const record = Buffer.from([HANDSHAKE_RECORD, 3, 1, 0]);
  for (const [isAccepted, bytes, isRefused] of [
    [true, record, false],
    [true, Buffer.from("MAIL"), true],
    [false, record, true],
    [false, Buffer.from("220 "), true],
  ] as const) {
    const { link, connection } = scripted(isAccepted);
    link.input?.onReceived(bytes);
    const outcomes: unknown[] = [];
    upgradeTls(connection, isAccepted ? files.pair("localhost") : { ca }).catch((error: unknown) =>
      outcomes.push(error),
    );
    await turn(5);
    if (isRefused) expect(outcomes).toMatchObject([{ code: "ERR_SOCKWRIGHT_TLS_PLAINTEXT" }]);
    else expect(outcomes).toEqual([]);
    expect(connection.failure !== undefined).toBe(isRefused);
  }
});

test("a signal ends the handshake of a client, also one that has aborted before", async () => {
  const secure = secureClient({ ca });
  for (const isBefore of [true, false]) {
    const { connection } = scripted();
    const ends = new AbortController();
    if (isBefore) ends.abort();
    const securing = secure(connection, ends.signal);
    const outcome = securing.catch((error: unknown) => error);
    await turn(2);
    ends.abort();
    expect(await outcome).toMatchObject({ name: "AbortError" });
  }
});

test("beginTls: what `make` throws changes nothing, and a link of records is refused", async () => {
  const { connection, link } = scripted();
  const failure = new Error("no");
  await expect(
    beginTls(connection, () => {
      throw failure;
    }),
  ).rejects.toBe(failure);
  expect([connection.failure, connection.link === link]).toEqual([undefined, true]);
  const records = new Connection(new ScriptedLink({ isRecords: true }));
  onTestFinished(() => records.abort());
  await expect(beginTls(records, () => expect.unreachable())).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_RECORDS" });
});
