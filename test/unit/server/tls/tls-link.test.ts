import { expect, onTestFinished, test } from "vitest";
import { newTicketKeys } from "../../../../src/server/tls/ticket-keys.ts";
import { clientContext, serverContext } from "../../../../src/server/tls/tls-context.ts";
import type { TlsLink } from "../../../../src/server/tls/tls-link.ts";
import { acceptTls, connectTls } from "../../../../src/server/tls/tls-sides.ts";
import type { Link, LinkInput, LinkOutput } from "../../../../src/server/transport/link.ts";
import { MemoryLink } from "../../../../src/testing/memory-link.ts";
import { certificates } from "../../../support/certificates.ts";
import { turn, until } from "../../../support/until.ts";

const files = certificates();
const NONE = Buffer.alloc(0);
const PEER = { host: "127.0.0.1", port: 1 };

/** What a link tells. */
class Told implements LinkInput, LinkOutput {
  readonly events: string[] = [];
  onReceived(bytes: Uint8Array): void {
    this.events.push(String(Buffer.from(bytes)));
  }
  onEnd(): void {
    this.events.push("end");
  }
  onError(error: Error): void {
    this.events.push("code" in error ? String(error.code) : String(error));
  }
  onWritable(): void {
    this.events.push("writable");
  }
}

/** Both sides of TLS over a pipe in memory, before their handshake is complete. */
function sides(): { client: TlsLink; server: TlsLink; below: Link; told: { client: Told; server: Told } } {
  const shape = { isRecords: false, isDatagram: false, bufferBytes: 256 * 1024, pieceBytes: 64 * 1024 };
  const [left, right] = MemoryLink.pair(shape, [PEER, PEER], () => undefined);
  const server = acceptTls(
    right,
    NONE,
    serverContext({ cert: [files.path("localhost.pem")], key: [files.path("p256.key")] }, newTicketKeys()),
    false,
  );
  const client = connectTls(left, NONE, clientContext({ ca: files.path("ca.pem") }), "localhost");
  const told = { client: new Told(), server: new Told() };
  client.open(told.client, told.client);
  server.open(told.server, told.server);
  onTestFinished(async () => {
    client.abort();
    server.abort();
    await turn(5);
  });
  return { client, server, below: left, told };
}

async function secured() {
  const made = sides();
  await Promise.all([made.client.secured(), made.server.secured()]);
  return made;
}

test("tls is there once the handshake is complete", async () => {
  const { client, server } = sides();
  expect([client.tls, server.tls]).toEqual([undefined, undefined]);
  await Promise.all([client.secured(), server.secured()]);
  expect([client.tls?.version, server.tls?.serverName]).toEqual(["TLSv1.3", "localhost"]);
  expect(client.bytesReceived).toBeGreaterThan(500);
});

test("a paused link tells nothing, and a resumed one bytes, and then the end", async () => {
  const { client, server, told } = await secured();
  client.send(Buffer.from("hello"), 0, 5);
  client.end();
  await turn(10);
  expect([told.server.events, server.isDue("input")]).toEqual([[], true]);
  server.resume();
  await until(() => told.server.events.length === 2, "the end");
  expect(told.server.events).toEqual(["hello", "end"]);
});

test("a loss of the link below is told with its own error, after the bytes that came before", async () => {
  const { client, server, below, told } = await secured();
  server.send(Buffer.from("before"), 0, 6);
  await turn(5);
  if (!(below instanceof MemoryLink)) throw new Error("not in memory");
  below.lose(104);
  await until(() => told.client.events.length === 2, "the loss");
  expect(told.client.events).toEqual(["before", "ECONNRESET"]);
  client.abort();
  expect(told.client.events).toHaveLength(2);
});

test("secured() rejects after a close, an abort, and when it has failed before", async () => {
  const closed = sides();
  const waiting = closed.client.secured();
  closed.client.close();
  await expect(waiting).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_END" });
  await expect(closed.client.secured()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_END" });
  const aborted = sides();
  const other = aborted.client.secured();
  aborted.client.abort();
  await expect(other).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_END" });
  // Nobody is told of what this side has done itself.
  expect([closed.told.client.events, aborted.told.client.events]).toEqual([[], []]);
});

test("the options of a socket go to the link below, and only a reader keeps the process alive", async () => {
  const { client, below } = await secured();
  const calls: unknown[] = [];
  Object.assign(below, {
    setNoDelay: (isOn: boolean) => calls.push(["noDelay", isOn]),
    setKeepAlive: (isOn: boolean, delayMs: number) => calls.push(["keepAlive", isOn, delayMs]),
    setReferenced: (isOn: boolean) => calls.push(["referenced", isOn]),
    awaitLoss: () => calls.push("loss"),
  });
  client.setNoDelay(true);
  client.setKeepAlive(true, 5);
  client.awaitLoss();
  expect(calls.splice(0)).toEqual([["noDelay", true], ["keepAlive", true, 5], "loss"]);
  client.resume();
  client.setReferenced(false);
  client.setReferenced(true);
  client.pause();
  expect(calls).toEqual([
    ["referenced", true],
    ["referenced", false],
    ["referenced", true],
    ["referenced", false],
  ]);
});
