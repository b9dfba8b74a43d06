import type { Plan } from "../plan.ts";
import type { Finding } from "./findings.ts";
import { planOf } from "./plan-of.ts";
import { inOneLine } from "./shown.ts";

/** A service as a file would have it: its keys, and text for what is no list and no switch. */
export type ServiceFlags = Readonly<Record<string, unknown>> & { readonly kind: string };

/**
 * The plan of one service without a file, for a command whose flags are the keys of a file; each mistake is a line that names its flag.
 *
 * @param folder - what paths belong to.
 */
export function planOfFlags(
  flags: ServiceFlags,
  folder: string,
): { readonly plan: Plan } | { readonly mistakes: readonly string[] } {
  const result = planOf({ service: [{ name: flags.kind, ...flags }] }, folder);
  return "plan" in result ? result : { mistakes: result.findings.map(flagMessage) };
}

function flagMessage({ path, message }: Finding): string {
  // What is wrong with the service as a whole is that a flag is missing, and the message says which.
  const [, , key] = path;
  if (typeof key !== "string") return inOneLine(message);
  return inOneLine(message.startsWith(`${key} `) ? `--${message}` : `--${key}: ${message}`);
}
