// Python's ssl: test/tools/tls_peer.py as the client of our listeners, and as the server of our clients.
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";
import type { Certificates } from "../../support/certificates.ts";
import { type Child, startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";
import { requireTool } from "../../support/tools.ts";
import { securing, type Variant } from "./securing.ts";
import { type Order, opposite, type Transferred, transfer } from "./transfer.ts";

const PEER = fileURLToPath(new URL("../../tools/tls_peer.py", import.meta.url));
const SHA_LINE = /^(\d+ \w{64})$/;

function startPython(context: TestContext, ...words: readonly (string | number)[]): Promise<Child> {
  return startChild(requireTool(context, "python3"), ["-B", PEER, ...words.map(String)]);
}

/** Compares what both sides have sent and received, and awaits the end of Python. */
async function compare(python: Child, ours: Transferred, limitMs?: number): Promise<void> {
  expect(await python.exit(limitMs), python.stderr).toEqual({ code: 0, signal: null });
  const theirs = new Map(python.stdout.split("\n").map((line) => [line.split(" ")[0], line.replace(/^\w+ /, "")]));
  expect(ours.received).toMatch(SHA_LINE);
  expect({ sent: theirs.get("sent"), received: theirs.get("received") }).toEqual({
    sent: ours.received,
    received: ours.sent,
  });
  expect(python.stderr).toBe("");
}

/** Python connects to our listener; `order` is what our side does. */
export async function transferWithClient(
  context: TestContext,
  files: Certificates,
  { version, detectTruncation }: Variant,
  order: Order,
  size: number,
  limitMs?: number,
): Promise<void> {
  const done: Transferred[] = [];
  const { port, errors } = await securing(
    files,
    async (connection) => void done.push(await transfer(connection, order, size)),
    { detectTruncation },
  );
  const python = await startPython(context, "client", port, files.path("ca.pem"), version, opposite(order), size);
  await python.exit(limitMs);
  await expect.poll(() => [python.stderr, errors, done.length]).toEqual(["", [], 1]);
  for (const each of done) await compare(python, each);
}

/** We connect to Python's server; `order` is what our side does. */
export async function transferWithServer(
  context: TestContext,
  files: Certificates,
  version: string,
  order: Order,
  size: number,
  limitMs?: number,
): Promise<void> {
  const { cert, key } = files.pair("localhost");
  const python = await startPython(context, "server", cert, key, version, opposite(order), size);
  const [, port = ""] = await python.line(/^port (\d+)$/);
  const connection = await connected(`tls://localhost:${port}`, { ca: files.path("ca.pem") });
  await compare(python, await transfer(connection, order, size), limitMs);
}
