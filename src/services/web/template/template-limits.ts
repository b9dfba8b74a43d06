/** Bytes of a template with everything that it includes; beyond it, loading fails. See {@link TemplateLimits}. */
export const DEFAULT_MAX_TEMPLATE_BYTES = 1024 * 1024;
/** Bytes of one rendered page; beyond it, rendering fails. */
export const DEFAULT_MAX_RENDERED_BYTES = 4 * 1024 * 1024;
/** Iterations of all `{{#each}}` blocks of one page together; beyond it, rendering fails. */
export const DEFAULT_MAX_ITERATIONS = 100_000;
/** Tags of a template, where an included file counts each time that it is included; beyond it, loading fails. */
export const MAX_TAGS = 10_000;
/** Characters of one tag; beyond it, loading fails. */
export const MAX_TAG_LENGTH = 256;
/** Depth of nested blocks; beyond it, loading fails. */
export const MAX_BLOCK_DEPTH = 32;
/** Depth of files that include each other; beyond it, loading fails. */
export const MAX_INCLUDE_DEPTH = 16;
/** End tags that are tried for a static element, whose nested elements have end tags too; beyond it, loading fails. */
export const MAX_END_TAGS = 16;

export interface TemplateLimits {
  /** Bytes of a template with everything that it includes, counted each time. Default 1 MiB. */
  readonly maxTemplateBytes?: number;
  /** Bytes of one rendered page. Default 4 MiB. */
  readonly maxRenderedBytes?: number;
  /** Iterations of all `{{#each}}` blocks of one page together. Default 100 000. */
  readonly maxIterations?: number;
}
