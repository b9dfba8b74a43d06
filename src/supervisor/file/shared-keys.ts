import { HTTP_OPTIONS } from "../../http/service/http-options.ts";
import { LISTENER } from "../../server/listener-options.ts";
import { ms, type OptionKinds, text } from "../../server/options/option-kind.ts";
import { SERVE } from "../../server/serve-options.ts";
import { MAX_TIMEOUT_MS } from "../../socket/values.ts";
import { DEFAULT_GRACE_MS } from "../plan.ts";
import { keysOf, type OptionKeys } from "./option-keys.ts";
import type { ReadOptions } from "./read-options.ts";

const OWN_KINDS = {
  graceMs: ms({ min: 0, max: MAX_TIMEOUT_MS, default: DEFAULT_GRACE_MS }),
  user: text(),
  group: text(),
} satisfies OptionKinds;

/** The options that `[server]` sets for all services, and that each service can override. */
export const SHARED_KINDS: OptionKinds = { ...SERVE.kinds, ...HTTP_OPTIONS.kinds, ...OWN_KINDS };
export const SHARED_KEYS: OptionKeys = keysOf(SHARED_KINDS);

/** The keys that a table of `listen` can have besides `url` and `mount`. */
export const LISTENER_KEYS: OptionKeys = new Map([...keysOf(LISTENER.kinds)].filter(([key]) => key !== "url"));

/** Returns the options that are in `kinds` and not in `others`. */
export function optionsOf(kinds: OptionKinds, read: ReadOptions, others: OptionKinds = {}): ReadOptions {
  const isOne = (name: string): boolean => Object.hasOwn(kinds, name) && !Object.hasOwn(others, name);
  return Object.fromEntries(Object.entries(read).filter(([name]) => isOne(name)));
}
