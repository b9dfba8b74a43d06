// @ts-check
// Prints whether the server's clock is in time while nothing else wakes the loop, but a timer of Node's that is far away.
import { createServer } from "node:net";

// As this is checked, too, before there is a build.
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
