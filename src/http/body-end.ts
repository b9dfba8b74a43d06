import type { Fields } from "./fields.ts";

/** The end of a body, with its trailers. */
export class BodyEnd {
  readonly trailers: Fields;

  constructor(trailers: Fields) {
    this.trailers = trailers;
  }
}
