/** Where something stands: a file as its root names it, and a line of it, from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * A template that is refused when it is loaded: `serve` of a site rejects with it. The message begins with FILE:LINE. See
 * {@link unknownVariables}.
 */
export class TemplateError extends Error {
  /** Match on it. */
  readonly code = "ERR_SOCKWRIGHT_TEMPLATE";
  /** The file, as its root names it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;

  /** @internal */
  constructor({ file, line }: Place, reason: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${reason}`, options);
    this.name = "TemplateError";
    this.file = file;
    this.line = line;
  }
}

/** A page that grew beyond a limit while it was rendered: `limit` names which. */
export class TemplateSizeError extends Error {
  /** Match on it. */
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
