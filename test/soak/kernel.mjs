// @ts-check
// The kernel as the library calls it: its functions can be replaced, and then say what a test wants.

const built = await import(new URL("../../dist/native/load.js", import.meta.url).href);

/** @type {import("../../src/native/kernel.ts").Kernel} */
export const kernel = built.kernel;

/**
 * Puts another function in the place of one; what it gives puts the old one back.
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
