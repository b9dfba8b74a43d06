// What keeps a process with a TLS connection alive: a reader does, an idle connection does not.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { certificates } from "../../support/certificates.ts";
import { startChild } from "../../support/child.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

const files = certificates();
const program = fileURLToPath(new URL("programs/idle-connection.mjs", import.meta.url));

test("an idle connection does not keep the process alive, and one that is read does", async () => {
  const server = await serving(
    async (connection) => void (await connection.readUntil("\n").catch(() => undefined)),
    { ...files.pair("localhost"), onError: () => undefined },
    "tls://127.0.0.1:0",
  );
  const idle = await startChild(process.execPath, [program, urlOf(server), files.path("ca.pem"), "idle"]);
  expect(await idle.exit()).toEqual({ code: 0, signal: null });
  expect(idle.stdout).toContain("connected");
  await until(() => server.connections().length === 0, "the end");
  const talker = await serving(
    async (connection) => {
      connection.write("news");
      await connection.read();
    },
    { ...files.pair("localhost"), onError: () => undefined },
    "tls://127.0.0.1:0",
  );
  const reading = await startChild(process.execPath, [program, urlOf(talker), files.path("ca.pem"), "read"]);
  await reading.line(/^read news$/);
});
