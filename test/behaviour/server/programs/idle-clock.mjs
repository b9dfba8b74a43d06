// @ts-check
// Prints whether the server's clock fires in time while nothing else wakes the loop except a Node timer that is due
// much later.
import { createServer } from "node:net";

// A dynamic import, because the type check also runs before there is a build.
const { systemClock } = await import(new URL("../../../../dist/server/time/clock.js", import.meta.url).href);

const FAR_MS = 15_000;

const begunMs = performance.now();
const server = createServer().listen(0);
const far = setTimeout(() => undefined, FAR_MS);
systemClock.after(10, () => {
  console.log(performance.now() - begunMs < FAR_MS ? "in time" : "late");
  clearTimeout(far);
  server.close();
});
