import type { Plan } from "../plan.ts";
import type { Finding } from "./findings.ts";
import { planOf } from "./plan-of.ts";
import { inOneLine } from "./shown.ts";

/** A service in the form of a file: its keys, with text for every value that is neither a list nor a switch. */
export type ServiceFlags = Readonly<Record<string, unknown>> & { readonly kind: string };

/**
 * Makes the plan of one service for a command whose flags are the keys of a file; each mistake is a line that names its flag.
 *
 * @param folder - the folder that relative paths refer to.
 */
export function planOfFlags(
  flags: ServiceFlags,
  folder: string,
): { readonly plan: Plan } | { readonly mistakes: readonly string[] } {
  const result = planOf({ service: [{ name: flags.kind, ...flags }] }, folder);
  return "plan" in result ? result : { mistakes: result.findings.map(flagMessage) };
}

function flagMessage({ path, message }: Finding): string {
  // A mistake of the service as a whole is a missing flag, and the message names that flag.
  const [, , key] = path;
  if (typeof key !== "string") return inOneLine(message);
  return inOneLine(message.startsWith(`${key} `) ? `--${message}` : `--${key}: ${message}`);
}
