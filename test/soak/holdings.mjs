// @ts-check
// What a server could leak in this process: descriptors, slots of the addon's table, and timers.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";

/** @type {import("../../src/native/kernel.ts").Kernel} */
const kernel = createRequire(import.meta.url)(
  process.env["SOCKWRIGHT_ADDON"] ?? "../../native/build/Release/sockwright.node",
);

// Node lists no unreferenced timers, so this module counts timers when they are made.
/** @type {Set<unknown>} */
const timers = new Set();
const make = setTimeout;
const clear = clearTimeout;
/** @type {(callback: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => NodeJS.Timeout} */
const makeCounted = (callback, delayMs, ...args) => {
  const timer = make(() => {
    timers.delete(timer);
    callback(...args);
  }, delayMs);
  timers.add(timer);
  return timer;
};
/** @type {typeof clearTimeout} */
const clearCounted = (timer) => {
  timers.delete(timer);
  clear(timer);
};
Object.assign(globalThis, { setTimeout: Object.assign(makeCounted, make), clearTimeout: clearCounted });

/** @typedef {{ descriptors: number, slots: number, timers: number }} Holdings */

/** @returns {Holdings} */
export function holdings() {
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    slots: kernel.openDescriptors(),
    timers: timers.size,
  };
}

/**
 * @param {import("./report.mjs").Report} report
 * @param {Holdings} before
 */
export function reportHoldings(report, before) {
  const now = holdings();
  report.exactly("descriptors more than before", now.descriptors - before.descriptors, 0);
  report.exactly("slots more than before", now.slots - before.slots, 0);
  report.exactly("timers more than before", now.timers - before.timers, 0);
}
