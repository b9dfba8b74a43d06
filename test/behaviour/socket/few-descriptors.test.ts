import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";
import { openStream } from "../../support/sockets.ts";

// Node itself uses about twenty descriptors.
const DESCRIPTORS = 100;

test("EMFILE: a server without descriptors pauses, and serves the waiting clients when some are free", async () => {
  const program = fileURLToPath(new URL("programs/few-descriptors.mjs", import.meta.url));
  const command = `ulimit -n ${DESCRIPTORS} && exec "$0" "$1"`;
  const server = await startChild("sh", ["-c", command, process.execPath, program]);
  const [, port] = await server.line(/^port (\d+)$/);

  const clients = Array.from({ length: DESCRIPTORS + 10 }, () => openStream());
  for (const client of clients) await client.connect({ host: "127.0.0.1", port: Number(port) });
  await server.line(/^EMFILE pause$/);

  // The last clients are in the backlog; the server reads their data only after others have closed.
  const last = clients.splice(-10);
  for (const [index, client] of last.entries()) await client.sendall(`${index}`);
  for (const client of clients) client.close();
  for (const [index] of last.entries()) {
    expect((await server.line(/^received (.*)$/))[1]).toBe(`${index}`);
  }
});
