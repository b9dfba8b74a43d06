import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { problemsOf } from "../../../scripts/check-prebuilt.mjs";

const addon = fileURLToPath(new URL("../../../native/build/Release/sockwright.node", import.meta.url));

// Node itself has libstdc++, so that an addon that takes a symbol from it loads here, and nowhere else.
test("the addon needs libc alone", () => {
  expect(problemsOf(addon)).toEqual([]);
});
