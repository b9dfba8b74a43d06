// Over node:net, a client that resets before accept has no address: it is an ECONNABORTED of accept(2), not peer "".
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SO_LINGER, SOL_SOCKET, socket } from "../../../src/index.ts";
import { connect, type Peer } from "../../../src/server.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node"));
afterEach(() => void vi.unstubAllEnvs());

test("a client that resets before accept is counted as a failed accept, and the service is not called", async () => {
  const peers: Peer[] = [];
  const server = await serving((connection) => void peers.push(connection.peer), { maxConnectionsPerAddress: 1 });
  const port = Number(new URL(urlOf(server)).port);
  // In one turn: Node cannot accept it before the reset.
  const client = socket();
  const connecting = client.connect({ host: "127.0.0.1", port }).catch(() => undefined);
  client.setsockopt(SOL_SOCKET, SO_LINGER, Buffer.from(new Int32Array([1, 0]).buffer));
  client.close();
  await connecting;
  await until(() => server.stats().acceptErrors["ECONNABORTED"] === 1, "the aborted connection to be counted");
  expect(server.stats().connectionsAccepted).toBe(0);
  const next = await connect(urlOf(server));
  expect(await next.read()).toBeUndefined();
  await next.close();
  expect(peers).toEqual([{ host: "127.0.0.1", port: expect.any(Number) }]);
});
