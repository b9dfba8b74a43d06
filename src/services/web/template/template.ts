import { contextsOf } from "./context-finder.ts";
import type { Node } from "./node.ts";
import { nodesOf } from "./node-builder.ts";
import { Rendering } from "./rendering.ts";
import type { Path } from "./tag.ts";
import type { TemplatePlace } from "./template-error.ts";
import {
  DEFAULT_MAX_ITERATIONS,
  DEFAULT_MAX_RENDERED_BYTES,
  DEFAULT_MAX_TEMPLATE_BYTES,
  type TemplateLimits,
} from "./template-limits.ts";
import { type ReadFile, TemplateSource } from "./template-source.ts";
import type { Variables } from "./variables.ts";

export interface TemplateInput extends TemplateLimits {
  /** Returns the content of a file below the root. The path is relative to the root and never leaves it by `..`. */
  readonly read: ReadFile;
}

/** A name that a template uses, and its position. */
export interface TemplateName extends TemplatePlace {
  /** As written: `client.address`. */
  readonly name: string;
  /** Whether it is in an `{{#each}}`, where an item may have it. */
  readonly isInEach: boolean;
}

/**
 * Reads a template and everything that it includes, and determines for each tag how its values must be escaped. Rendering a page
 * reads no file and parses no template.
 *
 * @param file - relative to the root, with `/` between its segments.
 * @throws TemplateError `ERR_SOCKWRIGHT_TEMPLATE`, with `file` and `line`, for a template that cannot be rendered safely; and the error
 * of `read` for `file` itself.
 */
export function loadTemplate(file: string, options: TemplateInput): Template {
  return new Template(file, options);
}

/** A loaded template. It keeps no values of a page. */
export class Template {
  /** The files of the template, its own first, each once. */
  readonly files: readonly string[];
  /** The names that it uses, in order, each as often as it appears. */
  readonly names: readonly TemplateName[];
  readonly #file: string;
  readonly #nodes: readonly Node[];
  readonly #limits: Required<TemplateLimits>;

  /** @internal */
  constructor(file: string, { read, ...limits }: TemplateInput) {
    const {
      maxTemplateBytes = DEFAULT_MAX_TEMPLATE_BYTES,
      maxRenderedBytes = DEFAULT_MAX_RENDERED_BYTES,
      maxIterations = DEFAULT_MAX_ITERATIONS,
    } = limits;
    this.#limits = { maxTemplateBytes, maxRenderedBytes, maxIterations };
    const source = new TemplateSource(file, read, maxTemplateBytes);
    this.#file = file;
    this.#nodes = nodesOf(source, contextsOf(source));
    this.files = source.files;
    this.names = namesOf(source);
  }

  /** Whether it uses a variable or a part of it: `client` covers `client.address`. */
  uses(name: string): boolean {
    return this.names.some((used) => used.name === name || used.name.startsWith(`${name}.`));
  }

  /**
   * Renders a page. Values are text, however hostile: a missing value becomes nothing, and no value runs code.
   *
   * @throws TemplateSizeError `ERR_SOCKWRIGHT_TEMPLATE_SIZE` beyond `maxRenderedBytes` or `maxIterations`.
   */
  render(variables: Variables): string {
    return new Rendering(this.#file, this.#limits).render(this.#nodes, variables);
  }
}

function namesOf({ tags }: TemplateSource): TemplateName[] {
  const names: TemplateName[] = [];
  const open: string[] = [];
  for (const { tag, file, line } of tags) {
    const isInEach = open.includes("each");
    if ((tag.kind === "value" || tag.kind === "begin") && isVariable(tag.path)) {
      names.push({ name: tag.path.join("."), file, line, isInEach });
    }
    if (tag.kind === "begin") open.push(tag.block);
    if (tag.kind === "end") open.pop();
  }
  return names;
}

function isVariable([first]: Path): boolean {
  return first !== "this" && first !== "@index";
}
