// Python's ssl, which half-closes: each side sees the other's close_notify and still sends. It refuses an end without one
// (suppress_ragged_eofs=False).
import { describe, test } from "vitest";
import { certificates } from "../../support/certificates.ts";
import { transferWithClient, transferWithServer } from "./python.ts";
import { variants, versions } from "./securing.ts";

const MIB = 1024 * 1024;
const files = certificates();

/** The order of our side. */
const orders = [
  { order: "first", words: "our side ends first, and reads on" },
  { order: "last", words: "Python ends first, and reads on" },
] as const;

describe.for(variants)("Python as client, $name", (variant) => {
  test.for(orders)("$words", async ({ order }, context) => {
    await transferWithClient(context, files, variant, order, 4 * MIB);
  });

  test("64 MiB in both directions at once", { timeout: 120_000 }, async (context) => {
    await transferWithClient(context, files, variant, "both", 64 * MIB, 100_000);
  });
});

describe.for(versions)("Python as server, TLS %s", (version) => {
  test.for(orders)("$words", async ({ order }, context) => {
    await transferWithServer(context, files, version, order, 4 * MIB);
  });

  test("64 MiB in both directions at once", { timeout: 120_000 }, async (context) => {
    await transferWithServer(context, files, version, "both", 64 * MIB, 100_000);
  });
});
