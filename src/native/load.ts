// Loads the addon as a kernel whose functions can be replaced one by one.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { addonFile, notLoaded, thisMachine } from "./addon-file.ts";
import { kernelOf } from "./calls.ts";
import type { Addon, Kernel } from "./kernel.ts";

const loaded = load();
const addon = loaded instanceof Error ? failing(loaded) : loaded;

/** The error that prevented loading the addon. Modules that do not need the addon still load; `socket/create.ts` throws it. */
export const addonError = loaded instanceof Error ? loaded : undefined;

function load(): Addon | Error {
  const folder = fileURLToPath(new URL("../..", import.meta.url)).replace(/(?<=.)\/$/, "");
  const file = process.env["SOCKWRIGHT_ADDON"] ?? addonFile(folder, process.platform, process.arch);
  try {
    return createRequire(import.meta.url)(file) as Addon;
  } catch (cause) {
    return notLoaded(file, folder, thisMachine(), cause);
  }
}

/** Returns a substitute for an addon that cannot be loaded: each of its functions throws the error. */
function failing(error: Error): Addon {
  const fail = (): never => {
    throw error;
  };
  const values = { transferFrame: new Int32Array(0), constants: [] } as Partial<Addon> as Addon;
  return new Proxy(values, { get: (_, name) => Reflect.get(values, name) ?? fail });
}

/** The addon of this environment. Tests replace single functions of it to simulate the kernel. */
export const kernel: Kernel = kernelOf(addon);
