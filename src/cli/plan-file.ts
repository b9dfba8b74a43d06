import { mistakeText } from "../supervisor/file/mistake.ts";
import { readPlan } from "../supervisor/file/read-plan.ts";
import type { Plan } from "../supervisor/plan.ts";

/** The default file. */
export const DEFAULT_FILE = "sockwright.toml";

/** The mistakes in a file, one line each. */
export class MistakesError extends Error {
  /** Always `"ERR_SOCKWRIGHT_MISTAKES"`. */
  readonly code = "ERR_SOCKWRIGHT_MISTAKES";
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join("; "));
    this.name = "MistakesError";
    this.mistakes = mistakes;
  }
}

/**
 * Reads a file and returns its plan.
 *
 * @throws MistakesError.
 */
export async function planAt(file: string): Promise<Plan> {
  const reading = await readPlan(file);
  if ("plan" in reading) return reading.plan;
  throw new MistakesError(reading.mistakes.map(mistakeText));
}
