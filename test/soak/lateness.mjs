// @ts-check
/** @type {number[]} How late each timer of 1 ms came. */
export const latenessMs = [];

/** Starts a timer of 1 ms, and another one behind each. */
export function watchLateness() {
  const due = performance.now() + 1;
  setTimeout(() => {
    latenessMs.push(performance.now() - due);
    watchLateness();
  }, 1);
}
