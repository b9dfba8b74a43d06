import { isFieldText } from "../../http/field-lines.ts";
import { outOfRange, wrongType, wrongValue } from "../../socket/values.ts";
import { hasContentHash } from "./content-hash.ts";
import { Glob } from "./glob.ts";

/** Limits the patterns of the option `cache`; more are rejected with a RangeError. */
export const MAX_CACHE_RULES = 256;

/** A cache may store the file, and asks the server before each use whether it has changed: RFC 9111, section 5.2.2.4. */
export const REVALIDATED = "no-cache";
/** A cache never asks for the file again: RFC 8246. A year counts as for ever, RFC 9111, section 1.2.2. */
export const IMMUTABLE = "public, max-age=31536000, immutable";

/** The rules that give files their Cache-Control by path. */
export class CacheRules {
  readonly #rules: readonly { readonly glob: Glob; readonly cacheControl: string }[];

  /**
   * @param rules - Cache-Control by pattern, `{ "*.css": "max-age=3600" }`; the first that matches applies, {@link Glob}. "" is none.
   * @throws TypeError for an invalid pattern, and for a value that is not valid in a header field.
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
   * Returns the value of Cache-Control for a file, or undefined for none. Without a matching rule it is {@link IMMUTABLE} for a file with a
   * hash in its name, see {@link hasContentHash}, and {@link REVALIDATED} for all others, such as HTML: without the field a browser would
   * keep a file for a tenth of its age, RFC 9111, section 4.2.2, and show an old version after a deployment.
   *
   * @param path - decoded, from its first slash on.
   */
  cacheControlOf(path: string): string | undefined {
    const rule = this.#rules.find(({ glob }) => glob.matches(path));
    if (rule !== undefined) return rule.cacheControl === "" ? undefined : rule.cacheControl;
    return hasContentHash(path) ? IMMUTABLE : REVALIDATED;
  }
}
