// test/tools/tls_peer.py and tls_peer.go as clients of our listeners, and as servers of our clients.
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";
import type { Certificates } from "../../support/certificates.ts";
import { type Child, startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";
import { requireTool } from "../../support/tools.ts";
import { securing, type Variant } from "./securing.ts";
import { type Order, opposite, type Transferred, transfer } from "./transfer.ts";

const SHA_LINE = /^(\d+ \w{64})$/;

export type Language = "python3" | "go";

function startPeer(context: TestContext, language: Language, ...words: readonly (string | number)[]): Promise<Child> {
  const program = requireTool(context, language);
  const path = fileURLToPath(new URL(`../../tools/tls_peer.${language === "go" ? "go" : "py"}`, import.meta.url));
  return startChild(program, [...(language === "go" ? ["run"] : ["-B"]), path, ...words.map(String)]);
}

/** Compares what both sides have sent and received, and awaits the end of the peer. */
async function compare(peer: Child, ours: Transferred, limitMs?: number): Promise<void> {
  expect(await peer.exit(limitMs), peer.stderr).toEqual({ code: 0, signal: null });
  const theirs = new Map(peer.stdout.split("\n").map((line) => [line.split(" ")[0], line.replace(/^\w+ /, "")]));
  expect(ours.received).toMatch(SHA_LINE);
  expect({ sent: theirs.get("sent"), received: theirs.get("received") }).toEqual({
    sent: ours.received,
    received: ours.sent,
  });
  expect(peer.stderr).toBe("");
}

/** The peer connects to our listener; `order` is what our side does. */
export async function transferWithClient(
  context: TestContext,
  language: Language,
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
  const peer = await startPeer(context, language, "client", port, files.path("ca.pem"), version, opposite(order), size);
  await peer.exit(limitMs);
  await expect.poll(() => [peer.stderr, errors, done.length]).toEqual(["", [], 1]);
  for (const each of done) await compare(peer, each);
}

/** We connect to the peer; `order` is what our side does. */
export async function transferWithServer(
  context: TestContext,
  language: Language,
  files: Certificates,
  version: string,
  order: Order,
  size: number,
  limitMs?: number,
): Promise<void> {
  const { cert, key } = files.pair("localhost");
  const peer = await startPeer(context, language, "server", cert, key, version, opposite(order), size);
  const [, port = ""] = await peer.line(/^port (\d+)$/);
  const connection = await connected(`tls://localhost:${port}`, { ca: files.path("ca.pem") });
  await compare(peer, await transfer(connection, order, size), limitMs);
}
