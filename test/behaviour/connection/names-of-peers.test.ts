// The address of the peer has the same form on every transport.

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, type Peer } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { freePath } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";

/** Hosts: to listen on, to connect to, in the listener's URL, and of the peer as client and server see it. */
const HOSTS = [
  ["*", "127.0.0.1", "[::]", "127.0.0.1", "::ffff:127.0.0.1"],
  ["*", "[::1]", "[::]", "::1", "::1"],
  ["*", "localhost", "[::]", "127.0.0.1", "::ffff:127.0.0.1"],
  ["0.0.0.0", "127.0.0.1", "0.0.0.0", "127.0.0.1", "127.0.0.1"],
  ["[::]", "127.0.0.1", "[::]", "127.0.0.1", "::ffff:127.0.0.1"],
  ["[::]", "[::1]", "[::]", "::1", "::1"],
  ["localhost", "localhost", "127.0.0.1", "127.0.0.1", "127.0.0.1"],
  ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.1"],
  ["[0:0::1]", "[::1]", "[::1]", "::1", "::1"],
] as const;

/** Serves at `at`, connects, and returns the peer that each side sees. */
async function meet(at: string, targetOf: (url: string) => string): Promise<{ url: string; client: Peer; seen: Peer }> {
  let see: (peer: Peer) => void = () => undefined;
  const seen = new Promise<Peer>((resolve) => {
    see = resolve;
  });
  const service = {
    name: "who",
    stream: ({ peer }: { peer: Peer }): void => see(peer),
    datagram: ({ peer }: { peer: Peer }): void => see(peer),
  };
  const url = urlOf(await serving(service, {}, at));
  const client = await connect(targetOf(url));
  onTestFinished(() => client.close());
  client.write("hello");
  return { url, client: client.peer, seen: await seen };
}

describe.each(["native", "node", "memory"])("over %s", (transport) => {
  beforeEach(() => {
    if (transport === "memory") {
      const memory = memoryTransport();
      onTestFinished(() => memory[Symbol.dispose]());
    } else vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(["tcp", "udp"])("%s:", (scheme) => {
    test.each(HOSTS)("listening on %s and reached as %s", async (host, target, listens, client, seen) => {
      const met = await meet(`${scheme}://${host}:0`, (url) => url.replace(/\/\/.*:/, `//${target}:`));
      expect(met.url.replace(/\d+$/, "0")).toBe(`${scheme}://${listens}:0`);
      expect(met.client).toEqual({ host: client, port: expect.any(Number) });
      expect(met.seen).toEqual({ host: seen, port: expect.any(Number) });
    });
  });

  test("a Unix socket is named by its path, an abstract one by its name", async () => {
    const path = freePath();
    const own = (url: string): string => url;
    expect(await meet(`unix:${path}`, own)).toMatchObject({ client: { path }, seen: { path: "" } });
    const abstract = path.slice(1);
    expect(await meet(`unix:@${abstract}`, own)).toMatchObject({ client: { abstract }, seen: { path: "" } });
  });

  test("an IPv4 listener is not reachable over IPv6, and connect() refuses the wildcard address", async () => {
    const at = (host: string) => (url: string) => url.replace(/\/\/.*:/, `//${host}:`);
    await expect(meet("tcp://0.0.0.0:0", at("[::1]"))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(meet("tcp://*:0", at("*"))).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_URL" });
  });
});
