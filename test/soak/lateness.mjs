// @ts-check
/** @type {number[]} How late each timer of 1 ms came. */
export const latenessMs = [];

/** Starts a timer of 1 ms, which starts the next one when it fires. */
export function watchLateness() {
  const due = performance.now() + 1;
  setTimeout(() => {
    latenessMs.push(performance.now() - due);
    watchLateness();
  }, 1);
}
