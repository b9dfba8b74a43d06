/** A position: a file, relative to the root, and a line, from 1. */
export interface TemplatePlace {
  readonly file: string;
  readonly line: number;
}

/**
 * The error of a template that is refused when it is loaded: `serve` of a site rejects with it. The message begins with FILE:LINE. See
 * {@link unknownVariables}.
 */
export class TemplateError extends Error {
  /** The stable identifier of the error. */
  readonly code = "ERR_SOCKWRIGHT_TEMPLATE";
  /** The file, relative to the root. */
  readonly file: string;
  /** From 1. */
  readonly line: number;

  /** @internal */
  constructor({ file, line }: TemplatePlace, reason: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${reason}`, options);
    this.name = "TemplateError";
    this.file = file;
    this.line = line;
  }
}

/** The error of a page that exceeded a limit while it was rendered: `limit` names the limit. */
export class TemplateSizeError extends Error {
  /** The stable identifier of the error. */
  readonly code = "ERR_SOCKWRIGHT_TEMPLATE_SIZE";
  /** The file that was loaded. */
  readonly file: string;
  readonly limit: "maxRenderedBytes" | "maxIterations";

  /** @internal */
  constructor(file: string, limit: TemplateSizeError["limit"]) {
    super(`${file}: the page goes beyond its ${limit}`);
    this.name = "TemplateSizeError";
    this.file = file;
    this.limit = limit;
  }
}
