import type { SiteRequest } from "./site.ts";
import type { Variables } from "./template/variables.ts";

/** The names whose values come from the request; the program cannot set them. */
export const REQUEST_VARIABLES = ["client", "query", "time"] as const;

/** The values of a request: `client.address`, `query.NAME` with the first value of each, and `time`, such as `2026-12-01T19:21:45Z`. */
export function requestVariables({ address, rawQuery }: SiteRequest, nowMs: number): Variables {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(rawQuery)) query[name] ??= value;
  const time = `${new Date(nowMs).toISOString().slice(0, "2026-12-01T19:21:45".length)}Z`;
  return { client: { address: address ?? "" }, query, time };
}

/** Whether a template can get a value for a name, from the program or from a request. */
export function isKnown(name: string, variables: Variables): boolean {
  const [first = "", ...further] = name.split(".");
  if (first === "client") return name === "client.address";
  if (first === "query") return further.length === 1;
  if (first === "time") return further.length === 0;
  let value: unknown = variables;
  for (const key of [first, ...further]) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return true;
}
