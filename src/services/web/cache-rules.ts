import { isFieldText } from "../../http/field-lines.ts";
import { outOfRange, wrongType, wrongValue } from "../../socket/values.ts";
import { hasContentHash } from "./content-hash.ts";
import { Glob } from "./glob.ts";

/** Patterns of a server that have a Cache-Control of their own. */
export const MAX_CACHE_RULES = 256;

/** It may be kept, and the server is asked each time whether it is still the same: RFC 9111, section 5.2.2.4. */
export const REVALIDATED = "no-cache";
/** It is never asked for again: RFC 8246. A year is what counts as for ever, RFC 9111, section 1.2.2. */
export const IMMUTABLE = "public, max-age=31536000, immutable";

/** Which Cache-Control a file has, by its path. */
export class CacheRules {
  readonly #rules: readonly { readonly glob: Glob; readonly cacheControl: string }[];

  /**
   * @param rules - Cache-Control by pattern, `{ "*.css": "max-age=3600" }`; the first that fits counts, {@link Glob}. "" is none.
   * @throws TypeError for a pattern that is none, and for a value that cannot be sent.
   * @throws RangeError for more than {@link MAX_CACHE_RULES}.
   */
  constructor(rules: Readonly<Record<string, string>> = {}) {
    const entries = Object.entries(rules);
    if (entries.length > MAX_CACHE_RULES) throw outOfRange("cache", `at most ${MAX_CACHE_RULES} rules`, entries.length);
    this.#rules = entries.map(([pattern, cacheControl]) => {
      const name = `cache["${pattern}"]`;
      if (typeof cacheControl !== "string") throw wrongType(name, 'of type string, such as "no-cache"', cacheControl);
      if (!isFieldText(cacheControl)) throw wrongValue(name, "must be one line of latin1", cacheControl);
      return { glob: new Glob(pattern, name), cacheControl };
    });
  }

  /**
   * The value of Cache-Control for a file, or undefined for none. Without a rule it is {@link IMMUTABLE} for what has a hash
   * in its name, see {@link hasContentHash}, and {@link REVALIDATED} for all else, such as HTML: without the field a browser would
   * keep a file for a tenth of its age, RFC 9111, section 4.2.2, and show an old one after a deployment.
   *
   * @param path - decoded, from its first slash on.
   */
  cacheControlOf(path: string): string | undefined {
    const rule = this.#rules.find(({ glob }) => glob.matches(path));
    if (rule !== undefined) return rule.cacheControl === "" ? undefined : rule.cacheControl;
    return hasContentHash(path) ? IMMUTABLE : REVALIDATED;
  }
}
