// A reload reads the files of TLS again: new connections get the new certificate, and a bad file changes nothing.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Server, serve } from "../../../src/server.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { echo, urlOf } from "../../support/serving.ts";
import { useWay, WAYS } from "./ways.ts";

const files = certificates();
const ca = files.path("ca.pem");

/** A copy of a certificate and its key, which a test replaces. */
function ownPair(name = "localhost"): { cert: string; key: string } {
  const folder = temporaryFolder();
  const own = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  replace(own, name);
  return own;
}

function replace(own: { cert: string; key: string }, name: string): void {
  const { cert, key } = files.pair(name);
  copyFileSync(cert, own.cert);
  copyFileSync(key, own.key);
}

async function serverOf(listener: Parameters<typeof serve>[0]): Promise<Server> {
  const server = await serve(listener, echo, { onError: () => undefined });
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return server;
}

describe.each(WAYS)("over $name", (way) => {
  test("new connections get the new certificate, and old ones go on", async () => {
    const own = ownPair();
    const listener = { url: "tls://127.0.0.1:0", ...own, ...useWay(way) };
    const server = await serverOf(listener);
    const url = urlOf(server);
    const before = await connected(url, { ca });
    replace(own, "rsa");
    const unread = await connected(url, { ca });
    expect(unread.tls?.fingerprint).toBe(before.tls?.fingerprint);
    await server.reload();
    expect(urlOf(server)).toBe(url);
    const after = await connected(url, { ca });
    expect(after.tls?.fingerprint).not.toBe(before.tls?.fingerprint);
    expect(after.tls?.peerCertificate?.publicKey.asymmetricKeyType).toBe("rsa");
    for (const client of [before, unread, after]) expect(await echoOf(client)).toBe("hello");
  });

  test("a bad file is refused, and the old certificate kept", async () => {
    const own = ownPair();
    const listener = { url: "tls://127.0.0.1:0", ...own, ...useWay(way) };
    const server = await serverOf(listener);
    const before = await connected(server, { ca });
    writeFileSync(own.cert, "no certificate");
    await expect(server.reload()).rejects.toMatchObject({
      code: "ERR_SOCKWRIGHT_TLS_OPTION",
      option: "cert",
    });
    replace(own, "rsa");
    copyFileSync(files.path("another.key"), own.key);
    await expect(server.reload()).rejects.toMatchObject({
      code: "ERR_SOCKWRIGHT_TLS_OPTION",
      option: "key",
    });
    const after = await connected(server, { ca });
    expect(after.tls?.fingerprint).toBe(before.tls?.fingerprint);
    for (const client of [before, after]) expect(await echoOf(client)).toBe("hello");
  });
});

interface Visit {
  readonly reused: boolean;
  readonly session: Buffer | undefined;
  /** Whether the service was reached: node:net reports a reset after data as an end. */
  readonly isServed: boolean;
}

/** The session of one connection to the server, to resume it in the next. */
async function visit(server: Server, options: ConnectionOptions): Promise<Visit> {
  const port = Number(new URL(urlOf(server).replace("tls:", "http:")).port);
  const socket = connectTls({ host: "127.0.0.1", port, ca: files.bytes("ca.pem"), ...options });
  return new Promise((resolve) => {
    let session: Buffer | undefined;
    let isServed = false;
    socket.on("session", (given: Buffer) => {
      session = given;
    });
    socket.on("error", () => undefined);
    socket.on("secureConnect", () => void socket.write("x"));
    let reused = false;
    // The ticket of TLS 1.3 comes before the echo.
    socket.on("data", () => {
      isServed = true;
      reused = socket.isSessionReused();
      socket.end();
    });
    socket.on("close", () => resolve({ reused, session, isServed }));
  });
}

describe.each(["TLSv1.2", "TLSv1.3"] as const)("a session of %s", (version) => {
  const only = { minVersion: version, maxVersion: version } as const;
  const url = "tls://127.0.0.1:0";
  const client = { cert: files.bytes("client.pem"), key: files.bytes("p256.key") };

  test("is resumed over a reload", async () => {
    const own = ownPair();
    const server = await serverOf({ url, ...own });
    const { session, reused } = await visit(server, only);
    expect([reused, session !== undefined]).toEqual([false, true]);
    replace(own, "rsa");
    await server.reload();
    expect(await visit(server, { ...only, ...(session && { session }) })).toMatchObject({
      reused: true,
      isServed: true,
    });
  });

  test("is not resumed with another server, nor another listener of this one", async () => {
    const pair = files.pair("localhost");
    const server = await serverOf({ url, ...pair });
    const { session } = await visit(server, only);
    const other = await serverOf({ url, ...pair });
    expect(session).toBeDefined();
    expect(await visit(other, { ...only, ...(session && { session }) })).toMatchObject({
      reused: false,
      isServed: true,
    });
  });

  test("is not resumed where the server asks for more than before", async () => {
    const pair = files.pair("localhost");
    const server = await serverOf({ url, ...pair });
    const { session } = await visit(server, only);
    await server.reload({ listeners: { url, ...pair, client: "require", ca } });
    const second = await visit(server, { ...only, ...client, ...(session && { session }) });
    expect(second).toMatchObject({ reused: false, isServed: true });
    // A session without a certificate gets nobody past the question for one.
    const third = await visit(server, { ...only, ...(session && { session }) });
    expect(third.isServed).toBe(false);
    // Another authority, and then a list of revoked certificates.
    const resumed = await visit(server, { ...only, ...client, ...(second.session && { session: second.session }) });
    expect(resumed).toMatchObject({ reused: true, isServed: true });
    await server.reload({ listeners: { url, ...pair, client: "require", ca: files.path("other-ca.pem") } });
    expect(
      (await visit(server, { ...only, ...client, ...(second.session && { session: second.session }) })).isServed,
    ).toBe(false);
    await server.reload({ listeners: { url, ...pair, client: "require", ca, crl: files.path("crl.pem") } });
    expect(
      await visit(server, { ...only, ...client, ...(second.session && { session: second.session }) }),
    ).toMatchObject({ reused: false, isServed: true });
  });
});
