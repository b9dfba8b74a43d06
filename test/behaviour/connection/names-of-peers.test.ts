// Who is at the other end is told alike, whatever carries the bytes.

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, type Peer } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { freePath } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";

/** The URL of a listener, to whom a client connects, and then: the URL's host, whom the client sees, whom the server. */
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

/** Serves there, connects, and gives what each side says. */
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
    test.each(HOSTS)("on %s, reached as %s", async (host, target, listens, client, seen) => {
      const met = await meet(`${scheme}://${host}:0`, (url) => url.replace(/\/\/.*:/, `//${target}:`));
      expect(met.url.replace(/\d+$/, "0")).toBe(`${scheme}://${listens}:0`);
      expect(met.client).toEqual({ host: client, port: expect.any(Number) });
      expect(met.seen).toEqual({ host: seen, port: expect.any(Number) });
    });
  });

  test("the path of a Unix socket, and the name of an abstract one", async () => {
    const path = freePath();
    const own = (url: string): string => url;
    expect(await meet(`unix:${path}`, own)).toMatchObject({ client: { path }, seen: { path: "" } });
    const abstract = path.slice(1);
    expect(await meet(`unix:@${abstract}`, own)).toMatchObject({ client: { abstract }, seen: { path: "" } });
  });

  test("who listens over IPv4 is not reached over IPv6, and nobody connects to every address", async () => {
    const at = (host: string) => (url: string) => url.replace(/\/\/.*:/, `//${host}:`);
    await expect(meet("tcp://0.0.0.0:0", at("[::1]"))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(meet("tcp://*:0", at("*"))).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_URL" });
  });
});
