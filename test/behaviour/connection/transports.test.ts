// Connections and listeners report the same over the addon and over node:net.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Connection, connect, serve } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

interface Told {
  readonly pieces: string[];
  readonly end: string;
}

/** Waits for `mayRead`, reads to the end, and returns the pieces and how the connection ended. */
async function read(connection: Connection, mayRead: Promise<unknown>): Promise<Told> {
  await mayRead;
  const pieces: string[] = [];
  try {
    for await (const piece of connection) pieces.push(String(piece));
    return { pieces, end: "end" };
  } catch (error) {
    return { pieces, end: error instanceof Error && "code" in error ? String(error.code) : String(error) };
  }
}

function missingPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-transports-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "socket");
}

describe.each(["native", "node"])("over %s", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each([
    ["is reset", "ECONNRESET"],
    ["ends", "end"],
  ])("what arrived before a connection %s is read first, then the end is reported", async (how, end) => {
    let go = (): void => undefined;
    const mayRead = new Promise<void>((resolve) => {
      go = resolve;
    });
    const told: Told[] = [];
    const server = await serving(async (connection) => void told.push(await read(connection, mayRead)));
    const client = netConnect(Number(new URL(urlOf(server)).port), "127.0.0.1");
    await once(client, "connect");
    await new Promise((resolve) => client.write("unread", resolve));
    const closed = once(client, "close");
    if (how === "ends") client.destroy();
    else client.resetAndDestroy();
    await closed;
    await until(() => server.stats().connectionsAccepted === 1, "the connection");
    go();
    await until(() => told.length === 1, "the end");
    expect(told).toEqual([{ pieces: ["unread"], end }]);
  });

  // libuv does not report the reset in these cases, and node:net makes it a clean end: see NodeLink.
  test.each([
    ["tcp://127.0.0.1:0", "once this side has ended"],
    ["unix:PATH", "at any time"],
  ])("%s: a reset after unread data, %s, is reported by the addon, which asks the kernel", async (form, when) => {
    let go = (): void => undefined;
    const mayRead = new Promise<void>((resolve) => {
      go = resolve;
    });
    const told: Told[] = [];
    const service = async (connection: Connection): Promise<void> => {
      connection.write("for nobody");
      if (when === "once this side has ended") await connection.end();
      told.push(await read(connection, mayRead));
    };
    const url = form.replace("PATH", missingPath());
    const server = await serving(service, {}, url);
    const { port } = new URL(urlOf(server));
    const client = form.startsWith("tcp")
      ? netConnect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true })
      : netConnect({ path: url.slice("unix:".length), allowHalfOpen: true });
    onTestFinished(() => void client.destroy());
    await once(client, "connect");
    await new Promise((resolve) => client.write("unread", resolve));
    await until(() => server.connections()[0]?.bytesWritten === "for nobody".length, "what nobody reads");
    const closed = once(client, "close");
    if (form.startsWith("tcp")) client.resetAndDestroy();
    else client.destroy();
    await closed;
    go();
    await until(() => told.length === 1, "the end");
    expect(told).toEqual([{ pieces: ["unread"], end: transport === "native" ? "ECONNRESET" : "end" }]);
  });

  test.each(["tcp://127.0.0.1:0", "unix:PATH"])("%s: a client that ends still gets its answer", async (form) => {
    const service = async (connection: Connection): Promise<void> => {
      const { pieces, end } = await read(connection, Promise.resolve());
      connection.write(`${pieces.join("")} ${end}`);
    };
    const server = await serving(service, {}, form.replace("PATH", missingPath()));
    const client = await connected(server);
    client.write("");
    client.write("question");
    await client.end();
    expect(await read(client, Promise.resolve())).toEqual({ pieces: ["question end"], end: "end" });
  });

  test("a listener that cannot be opened fails with the same codes", async () => {
    const path = missingPath();
    const tcp = await serving(async () => undefined);
    const unix = await serving(async () => undefined, {}, `unix:${path}`);
    const service = { name: "none", stream: async () => undefined, datagram: () => undefined };
    const codes: unknown[] = [];
    const urls = [urlOf(tcp), urlOf(unix), "unix:/no/such/folder/socket", "tcp://192.0.2.1:0", "udp://192.0.2.1:0"];
    for (const url of urls) {
      const refused: unknown = await serve(url, service).catch((error: unknown) => error);
      codes.push(refused instanceof Error && "code" in refused ? refused.code : refused);
    }
    expect(codes).toEqual(["EADDRINUSE", "EADDRINUSE", "ENOENT", "EADDRNOTAVAIL", "EADDRNOTAVAIL"]);
  });

  test("a client whose server is gone fails with the same codes", async () => {
    const gone = await serve(["tcp://127.0.0.1:0"], async () => undefined);
    const { urls } = gone;
    await gone.close();
    await expect(connect(urls[0] ?? "")).rejects.toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
    const path = missingPath();
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: "ENOENT", address: path });
  });

  test("a UDP client whose server is gone fails with ECONNREFUSED", async () => {
    const gone = await serve("udp://127.0.0.1:0", { name: "gone", datagram: () => undefined });
    const [url = ""] = gone.urls;
    await gone.close();
    const client = await connected(url);
    client.write("anybody?");
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
