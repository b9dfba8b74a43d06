/** What a template may have, with all that it includes, and what may come of it; see {@link TemplateLimits}. */
export const DEFAULT_MAX_TEMPLATE_BYTES = 1024 * 1024;
export const DEFAULT_MAX_RENDERED_BYTES = 4 * 1024 * 1024;
export const DEFAULT_MAX_ITERATIONS = 100_000;
export const MAX_TAGS = 10_000;
export const MAX_TAG_LENGTH = 256;
export const MAX_BLOCK_DEPTH = 32;
export const MAX_INCLUDE_DEPTH = 16;
/** Of a static element, so many end tags of its name are tried: nested ones have ends of their own. */
export const MAX_END_TAGS = 16;

export interface TemplateLimits {
  /** Bytes of a template together with all that it includes, as often as it does. Default 1 MiB. */
  readonly maxTemplateBytes?: number;
  /** Bytes of one rendered page. Default 4 MiB. */
  readonly maxRenderedBytes?: number;
  /** Turns of all `{{#each}}` of one page together. Default 100 000. */
  readonly maxIterations?: number;
}
