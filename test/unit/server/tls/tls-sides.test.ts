import { readdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { newTicketKeys } from "../../../../src/server/tls/ticket-keys.ts";
import { clientContext, serverContext } from "../../../../src/server/tls/tls-context.ts";
import type { TlsLink } from "../../../../src/server/tls/tls-link.ts";
import { acceptTls, connectTls } from "../../../../src/server/tls/tls-sides.ts";
import { MemoryLink } from "../../../../src/testing/memory-link.ts";
import { certificates } from "../../../support/certificates.ts";
import { ScriptedLink } from "../../../support/scripted-link.ts";
import { turn } from "../../../support/until.ts";

const files = certificates();
const NONE = Buffer.alloc(0);
const own = { cert: [files.path("localhost.pem")], key: [files.path("p256.key")] };
const ca = files.path("ca.pem");

function pair(): [MemoryLink, MemoryLink] {
  const shape = { isRecords: false, isDatagram: false, bufferBytes: 256 * 1024, pieceBytes: 64 * 1024 };
  return MemoryLink.pair(
    shape,
    [
      { host: "::1", port: 1 },
      { host: "::1", port: 2 },
    ],
    () => undefined,
  );
}

function ended(...links: TlsLink[]): void {
  onTestFinished(async () => {
    for (const link of links) link.abort();
    await turn(5);
  });
}

async function handshake(given: Parameters<typeof clientContext>[0], host: string, server: object = {}) {
  const [left, right] = pair();
  const accepting = acceptTls(right, NONE, serverContext({ ...own, ...server }, newTicketKeys()), true);
  const connecting = connectTls(left, NONE, clientContext(given), host);
  for (const link of [accepting, connecting]) {
    link.open(
      { onReceived: () => undefined, onEnd: () => undefined, onError: () => undefined },
      { onWritable: () => undefined },
    );
  }
  ended(accepting, connecting);
  const results = await Promise.allSettled([connecting.secured(), accepting.secured()]);
  return { accepting, connecting, results };
}

test("the name to check is servername, else the host; an address is not sent as a name", async () => {
  const byHost = await handshake({ ca }, "localhost");
  expect([byHost.connecting.tls?.serverName, byHost.accepting.tls?.serverName]).toEqual(["localhost", "localhost"]);
  const byAddress = await handshake({ ca }, "::1");
  expect([byAddress.connecting.tls?.serverName, byAddress.accepting.tls?.serverName]).toEqual([undefined, undefined]);
  const byOption = await handshake({ ca, servername: "localhost" }, "192.0.2.1");
  expect(byOption.accepting.tls?.serverName).toBe("localhost");
  const wrong = await handshake({ ca }, "192.0.2.1");
  expect(wrong.results[0]).toMatchObject({
    status: "rejected",
    reason: {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      message: "the peer's certificate is for another name, not for 192.0.2.1 (ERR_TLS_CERT_ALTNAME_INVALID)",
    },
  });
});

test("a link without a descriptor is not handed over", async () => {
  const { accepting, connecting } = await handshake({ ca }, "localhost");
  expect([accepting.tls?.version, connecting.tls?.version]).toEqual(["TLSv1.3", "TLSv1.3"]);
});

/** A link with a descriptor that is not a socket of `node:net` yet. */
class Detachable extends ScriptedLink {
  readonly #fd: number;
  detached = 0;

  constructor(fd: number) {
    super();
    this.#fd = fd;
    this.peer = { host: "127.0.0.1", port: 1 };
  }

  detach(): number {
    this.detached++;
    // As the poller's bytes that no reader has got yet.
    this.input?.onReceived(Buffer.from("arrived"));
    return this.#fd;
  }
}

test("a descriptor that node:net cannot use is closed, and its error is thrown", () => {
  const before = readdirSync("/proc/self/fd").length;
  const base = new Detachable(1_000_000);
  const context = serverContext(own, newTicketKeys());
  expect(() => acceptTls(base, NONE, context, true)).toThrow();
  expect([base.detached, readdirSync("/proc/self/fd").length]).toEqual([1, before]);
});

test("a descriptor is not taken where the listener tells truncated connections, nor from vsock", () => {
  const context = serverContext(own, newTicketKeys());
  const kept = new Detachable(1_000_000);
  ended(acceptTls(kept, NONE, context, false));
  const vsock = new Detachable(1_000_000);
  vsock.peer = { cid: 2, port: 1 };
  ended(acceptTls(vsock, NONE, context, true));
  expect([kept.detached, vsock.detached]).toEqual([0, 0]);
});
