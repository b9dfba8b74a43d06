import { resolve } from "node:path";

/** The options of TLS that are paths of files, or lists of them. */
const FILES = ["cert", "key", "ca", "crl"];

/** Returns the options with absolute paths of the files of TLS. */
export function withAbsoluteFiles<Options extends object>(options: Options, folder: string): Options {
  const found = FILES.filter((name) => Object.hasOwn(options, name));
  if (found.length === 0) return options;
  const files = found.map((name) => [name, absolute(Reflect.get(options, name), folder)]);
  return { ...options, ...Object.fromEntries(files) };
}

function absolute(given: unknown, folder: string): unknown {
  if (Array.isArray(given)) return given.map((each: unknown) => absolute(each, folder));
  return typeof given === "string" ? resolve(folder, given) : given;
}
