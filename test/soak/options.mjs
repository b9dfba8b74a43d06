// @ts-check
import { parseArgs } from "node:util";

/** What part of the full load a soak program is to make: `--scale 0.01`. */
export function scaleFromArguments() {
  const { values } = parseArgs({ options: { scale: { type: "string", default: "1" } } });
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1)) throw new RangeError("--scale is a number above 0, up to 1");
  return scale;
}
