// A server whose first wait finds no descriptor for epoll serves once one is free, and does not spin until then.
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

const program = fileURLToPath(new URL("programs/dead-at-first-wait.mjs", import.meta.url));

test.each([
  ["tcp://127.0.0.1:0", ""],
  [`unix-seqpacket:@sockwright-${randomUUID()}`, ""],
  ["udp://127.0.0.1:0", "EMFILE"],
  [`unix-dgram:@sockwright-${randomUUID()}`, "EMFILE"],
])("EMFILE at the first wait of %s passes, and is reported at most once", async (url, told) => {
  const command = `ulimit -n 200 && exec "$0" "$@"`;
  const server = await startChild("sh", ["-c", command, process.execPath, program, url, "1"]);
  const [, live, errors] = await server.line(/^live (\d), errors (\w*), answer ping$/);
  expect([live, errors]).toEqual(["1", told]);
});
