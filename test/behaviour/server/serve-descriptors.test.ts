import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type Connection, connect, type ServerStats } from "../../../src/server.ts";
import { startChild } from "../../support/child.ts";

// Node itself holds about twenty, and at startup some more for modules that it loads at the same time.
const DESCRIPTORS = 200;

/** Returns undefined if the server resets the connection before connect() settles. */
async function tryConnect(url: string): Promise<Connection | undefined> {
  try {
    const client = await connect(url);
    onTestFinished(() => client.abort());
    return client;
  } catch {
    return undefined;
  }
}

async function answered(client: Connection | undefined): Promise<boolean> {
  if (client === undefined) return false;
  try {
    client.write("x");
    return String(await client.readExactly(1)) === "x";
  } catch {
    return false;
  }
}

test("EMFILE: a client without a descriptor is reset and counted, others are not affected, and freed places are reused", async () => {
  const program = fileURLToPath(new URL("programs/few-descriptors.mjs", import.meta.url));
  const server = await startChild("sh", [
    "-c",
    `ulimit -n ${DESCRIPTORS} && exec "$0" "$1"`,
    process.execPath,
    program,
  ]);
  const [, port] = await server.line(/^port (\d+)$/);
  const open = (): Promise<Connection | undefined> => tryConnect(`tcp://127.0.0.1:${port}`);
  const clients = await Promise.all(Array.from({ length: DESCRIPTORS }, open));
  await server.line(/^refused out-of-descriptors$/);
  const served: Connection[] = [];
  for (const client of clients) if (client !== undefined && (await answered(client))) served.push(client);
  expect(served.length).toBeGreaterThan(0);
  expect(served.length).toBeLessThan(DESCRIPTORS);

  server.stdin.write("\n");
  const stats = JSON.parse((await server.line(/^stats (.*)$/))[1] ?? "") as ServerStats;
  expect(stats).toMatchObject({
    connectionsActive: served.length,
    connectionsAccepted: served.length,
    connectionsRefused: { "out-of-descriptors": DESCRIPTORS - served.length },
  });
  expect(stats.acceptErrors["EMFILE"]).toBeGreaterThan(0);

  // Earlier clients are still served, and the place of a client that leaves is reused.
  for (const client of served) expect(await answered(client)).toBe(true);
  await served[0]?.close();
  expect(await answered(await open())).toBe(true);
  server.stdin.end();
  for (const client of served) client.abort();
  expect((await server.exit()).code).toBe(0);
});
