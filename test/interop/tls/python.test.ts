// Python's ssl, which half-closes: each side sees the other's close_notify and still sends. It refuses an end without one
// (suppress_ragged_eofs=False).
import { describe, test } from "vitest";
import { certificates } from "../../support/certificates.ts";
import { transferWithClient, transferWithServer } from "./peer.ts";
import { variants, versions } from "./securing.ts";

const MIB = 1024 * 1024;
const AT_ONCE_MS = 100_000;
const files = certificates();

/** The order of our side. */
const orders = [
  { order: "first", words: "our side ends first, and reads on" },
  { order: "last", words: "Python ends first, and reads on" },
] as const;

describe.for(variants)("Python as client, $name", (variant) => {
  test.for(orders)("$words", async ({ order }, context) => {
    await transferWithClient(context, "python3", files, variant, order, 4 * MIB);
  });

  test("64 MiB in both directions at once", { timeout: 120_000 }, async (context) => {
    await transferWithClient(context, "python3", files, variant, "both", 64 * MIB, AT_ONCE_MS);
  });
});

describe.for(versions)("Python as server, TLS %s", (version) => {
  test.for(orders)("$words", async ({ order }, context) => {
    await transferWithServer(context, "python3", files, version, order, 4 * MIB);
  });

  test("64 MiB in both directions at once", { timeout: 120_000 }, async (context) => {
    await transferWithServer(context, "python3", files, version, "both", 64 * MIB, AT_ONCE_MS);
  });
});
