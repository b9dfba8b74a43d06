import { test } from "vitest";
import { reloadUnderLoad } from "../behaviour/supervisor/reloading-under-load.ts";

const TIME_MS = 600_000;

test(
  "500 reloads under load, every tenth with a mistake: no connection is lost, and none is refused",
  {
    timeout: TIME_MS,
  },
  () => reloadUnderLoad({ reloads: 500, brokenEvery: 10 }),
);
