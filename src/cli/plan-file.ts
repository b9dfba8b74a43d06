import { mistakeText } from "../supervisor/file/mistake.ts";
import { readPlan } from "../supervisor/file/read-plan.ts";
import type { Plan } from "../supervisor/plan.ts";

/** The file that is meant when none is named. */
export const DEFAULT_FILE = "sockwright.toml";

/** What is wrong with a file, or with what it asks for: a line for each mistake. */
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
 * What a file says is to run.
 *
 * @throws MistakesError.
 */
export async function planAt(file: string): Promise<Plan> {
  const reading = await readPlan(file);
  if ("plan" in reading) return reading.plan;
  throw new MistakesError(reading.mistakes.map(mistakeText));
}
