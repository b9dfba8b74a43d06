// @ts-check
// The kernel object that the library calls: a test can replace its functions, to return a chosen result.

const built = await import(new URL("../../dist/native/load.js", import.meta.url).href);

/** @type {import("../../src/native/kernel.ts").Kernel} */
export const kernel = built.kernel;

/**
 * Replaces a function; the returned function restores the old one.
 * @template {keyof import("../../src/native/kernel.ts").Kernel} Name
 * @param {Name} name
 * @param {(old: import("../../src/native/kernel.ts").Kernel[Name]) => import("../../src/native/kernel.ts").Kernel[Name]} make
 */
export function replace(name, make) {
  const old = kernel[name];
  kernel[name] = make(old);
  return () => {
    kernel[name] = old;
  };
}
