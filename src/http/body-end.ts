import type { Fields } from "./fields.ts";

/** The end of a body, and the fields behind it. */
export class BodyEnd {
  readonly trailers: Fields;

  constructor(trailers: Fields) {
    this.trailers = trailers;
  }
}
