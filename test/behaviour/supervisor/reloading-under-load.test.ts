import { test } from "vitest";
import { reloadUnderLoad } from "./reloading-under-load.ts";

test("20 reloads under load, every fifth of them refused: no connection is lost, and none is refused", () =>
  reloadUnderLoad({ reloads: 20, brokenEvery: 5 }));
