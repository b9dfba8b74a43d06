// @ts-check
// Preloaded into a server (node --expose-gc --import): SIGUSR2 collects its garbage and prints a line of JSON.
import { setImmediate } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";

// What one collection frees in finalizers and weak references, the next one collects.
const COLLECTIONS = 4;

process.on("SIGUSR2", async () => {
  for (let count = 0; count < COLLECTIONS; count += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  console.log(JSON.stringify({ heap: process.memoryUsage().heapUsed, young: young?.physical_space_size ?? 0 }));
});
