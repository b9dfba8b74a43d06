import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";
import { openStream } from "../../support/sockets.ts";

// Node itself holds about twenty.
const DESCRIPTORS = 100;

test("EMFILE: a server without descriptors pauses, and serves who waited once some are free again", async () => {
  const program = fileURLToPath(new URL("programs/few-descriptors.mjs", import.meta.url));
  const command = `ulimit -n ${DESCRIPTORS} && exec "$0" "$1"`;
  const server = await startChild("sh", ["-c", command, process.execPath, program]);
  const [, port] = await server.line(/^port (\d+)$/);

  const clients = Array.from({ length: DESCRIPTORS + 10 }, () => openStream());
  for (const client of clients) await client.connect({ host: "127.0.0.1", port: Number(port) });
  await server.line(/^EMFILE pause$/);

  // The last ones are in the backlog; what they say is heard when others have gone.
  const last = clients.splice(-10);
  for (const [index, client] of last.entries()) await client.sendall(`${index}`);
  for (const client of clients) client.close();
  for (const [index] of last.entries()) {
    expect((await server.line(/^received (.*)$/))[1]).toBe(`${index}`);
  }
});
