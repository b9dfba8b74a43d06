// 1 GiB in both directions at once over TLS, with Python, with Go, and with ourselves.
import { expect, test } from "vitest";
import { transferWithClient, transferWithServer } from "../interop/tls/peer.ts";
import { securing, variants } from "../interop/tls/securing.ts";
import { type Transferred, transfer } from "../interop/tls/transfer.ts";
import { certificates } from "../support/certificates.ts";
import { connected } from "../support/connected.ts";

const files = certificates();
const SIZE = Math.ceil(1024 * 1024 * 1024 * Number(process.env["SOCKWRIGHT_SOAK_PART"] ?? 1));
const PATIENCE_MS = 300_000;
const MIB = `${Math.round(SIZE / 1024 / 1024)} MiB in both directions at once`;

test.for(variants)(`Python as client, $name: ${MIB}`, { timeout: PATIENCE_MS }, async (variant, context) => {
  await transferWithClient(context, "python3", files, variant, "both", SIZE, PATIENCE_MS);
});

test.for(variants)(`Go as client, $name: ${MIB}`, { timeout: PATIENCE_MS }, async (variant, context) => {
  await transferWithClient(context, "go", files, variant, "ends", SIZE, PATIENCE_MS);
});

test(`Go as server: ${MIB}`, { timeout: PATIENCE_MS }, async (context) => {
  await transferWithServer(context, "go", files, "1.3", "ends", SIZE, PATIENCE_MS);
});

test.for(variants.filter((variant) => variant.version === "1.3"))(
  `our own client, $name: ${MIB}`,
  { timeout: PATIENCE_MS },
  async ({ version, detectTruncation }) => {
    const done: Transferred[] = [];
    const { port, errors } = await securing(
      files,
      async (connection) => void done.push(await transfer(connection, "ends", SIZE)),
      { detectTruncation, min: version },
    );
    const client = await connected(`tls://localhost:${port}`, { ca: files.path("ca.pem") });
    const { sent, received } = await transfer(client, "ends", SIZE);
    await expect.poll(() => [errors, done]).toEqual([[], [{ sent: received, received: sent }]]);
  },
);
