/** Bytes of a template together with all that it includes; see {@link TemplateLimits}. */
export const DEFAULT_MAX_TEMPLATE_BYTES = 1024 * 1024;
/** Bytes of one rendered page. */
export const DEFAULT_MAX_RENDERED_BYTES = 4 * 1024 * 1024;
/** Iterations of all `{{#each}}` blocks of one page together. */
export const DEFAULT_MAX_ITERATIONS = 100_000;
/** Tags of a template. The tags of an included file count each time that it is included. */
export const MAX_TAGS = 10_000;
/** Characters of one tag. */
export const MAX_TAG_LENGTH = 256;
/** Blocks nested within each other. */
export const MAX_BLOCK_DEPTH = 32;
/** Files that include each other, one within another. */
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
