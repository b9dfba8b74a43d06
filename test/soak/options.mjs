// @ts-check
import { parseArgs } from "node:util";

/**
 * The arguments of a soak program: `--scale 0.01` is the part of the full load, `--server node-net` the server under
 * load.
 */
function fromArguments() {
  const { values } = parseArgs({
    options: { scale: { type: "string", default: "1" }, server: { type: "string", default: "sockwright" } },
  });
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) throw new RangeError("--scale is a number above 0, up to 1");
  return { scale, server: values.server };
}

const options = fromArguments();

/** The part of the full load. */
export function scaleFromArguments() {
  return options.scale;
}

/** The program of servers/ that receives the load. */
export function serverFromArguments() {
  return options.server;
}

/** Only at full load are times checked. Smaller loads run among the tests, on machines that do other work, too. */
export const isFullLoad = options.scale === 1;

/**
 * The scaled part of a count, at least `least`.
 * @param {number} full
 */
export function part(full, least = 1) {
  return Math.max(least, Math.round(full * options.scale));
}
