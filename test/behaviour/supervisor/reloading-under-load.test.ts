import { test } from "vitest";
import { reloadUnderLoad } from "./reloading-under-load.ts";

test("20 reloads under load, every fifth of them refused, lose and refuse no connection", () =>
  reloadUnderLoad({ reloads: 20, brokenEvery: 5 }));
