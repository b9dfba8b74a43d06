// @ts-check
// The results of a soak program: figures, some with a limit. The report is the last line of output, as JSON.

import { isFullLoad } from "./options.mjs";

/** @typedef {{ what: string, value: string, limit: string, passed: boolean }} Figure */
/** @typedef {{ title: string, figures: Figure[] }} ReportData */

export class Report {
  /** @type {Figure[]} */
  #figures = [];
  #title;

  /** @param {string} title */
  constructor(title) {
    this.#title = title;
  }

  /**
   * A figure without a limit.
   * @param {string} what
   * @param {number} value
   */
  note(what, value, unit = "") {
    this.#add(what, value, unit, "", true);
  }

  /**
   * @param {string} what
   * @param {number} value
   * @param {number} limit
   */
  atMost(what, value, limit, unit = "") {
    this.#add(what, value, unit, `≤ ${limit}`, value <= limit);
  }

  /**
   * @param {string} what
   * @param {number} value
   * @param {number} expected
   */
  exactly(what, value, expected) {
    this.#add(what, value, "", `= ${expected}`, value === expected);
  }

  /**
   * @param {string} what
   * @param {number} value
   * @param {number} limit
   */
  atLeast(what, value, limit, unit = "") {
    this.#add(what, value, unit, `≥ ${limit}`, value >= limit);
  }

  /**
   * A time, or a figure that depends on one: checked at full load only, and otherwise printed.
   * @param {string} what
   * @param {number} value
   * @param {number} limit
   */
  timed(what, value, limit, unit = "ms") {
    if (isFullLoad) this.atMost(what, value, limit, unit);
    else this.#add(what, value, unit, `(≤ ${limit})`, true);
  }

  /** Prints the report and ends the process, with exit code 1 if a limit was missed. */
  end() {
    /** @type {ReportData} */
    const data = { title: this.#title, figures: this.#figures };
    process.exitCode = data.figures.every(({ passed }) => passed) ? 0 : 1;
    process.stdout.write(`${JSON.stringify(data)}\n`, () => process.exit());
  }

  /**
   * @param {string} what
   * @param {number} value
   * @param {string} unit
   * @param {string} limit
   * @param {boolean} passed
   */
  #add(what, value, unit, limit, passed) {
    const digits = Number.isInteger(value) ? 0 : 2;
    const text = `${value.toLocaleString("en-US", { maximumFractionDigits: digits })}${unit === "" ? "" : ` ${unit}`}`;
    this.#figures.push({ what, value: text, limit, passed });
  }
}

/**
 * The value below which `share` of the samples lie.
 * @param {readonly number[]} samples
 * @param {number} share
 */
export function percentile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
