// @ts-check
import { parseArgs } from "node:util";

/** What a soak program is told: `--scale 0.01` is the part of the full load, `--server node-net` whom it is made against. */
function fromArguments() {
  const { values } = parseArgs({
    options: { scale: { type: "string", default: "1" }, server: { type: "string", default: "sockwright" } },
  });
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) throw new RangeError("--scale is a number above 0, up to 1");
  return { scale, server: values.server };
}

const options = fromArguments();

/** What part of the full load is to be made. */
export function scaleFromArguments() {
  return options.scale;
}

/** Which program of servers/ the load is made against. */
export function serverFromArguments() {
  return options.server;
}

/** The full load: then times are judged, too. A part of it runs among the tests, on machines that have other work. */
export const isFullLoad = options.scale === 1;

/**
 * A part of a count, and never less than `least`.
 * @param {number} full
 */
export function part(full, least = 1) {
  return Math.max(least, Math.round(full * options.scale));
}
