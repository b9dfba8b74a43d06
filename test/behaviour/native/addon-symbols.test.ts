import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { problemsOf } from "../../../scripts/check-prebuilt.mjs";

const addon = fileURLToPath(new URL("../../../native/build/Release/sockwright.node", import.meta.url));

// Node itself contains libstdc++: an addon that needs a symbol of it loads here, but not everywhere.
test("the addon depends on libc only", () => {
  expect(problemsOf(addon)).toEqual([]);
});
