// Go's crypto/tls, which half-closes, and tells an end without close_notify from one with it.
import { describe, test } from "vitest";
import { certificates } from "../../support/certificates.ts";
import { transferWithClient, transferWithServer } from "./peer.ts";
import { variants, versions } from "./securing.ts";

const MIB = 1024 * 1024;
/** The first run on a machine compiles crypto/tls. */
const COMPILE_MS = 120_000;
const files = certificates();

/** The order of our side. */
const orders = [
  { order: "first", words: "our side ends first, and reads on", size: MIB },
  { order: "last", words: "Go ends first, and reads on", size: MIB },
  { order: "ends", words: "64 MiB in both directions at once", size: 64 * MIB },
] as const;

describe.for(variants)("Go as client, $name", (variant) => {
  test.for(orders)("$words", { timeout: COMPILE_MS }, async ({ order, size }, context) => {
    await transferWithClient(context, "go", files, variant, order, size);
  });
});

describe.for(versions)("Go as server, TLS %s", (version) => {
  test.for(orders)("$words", { timeout: COMPILE_MS }, async ({ order, size }, context) => {
    await transferWithServer(context, "go", files, version, order, size);
  });
});
