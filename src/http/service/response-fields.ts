import { listMembers } from "../fields.ts";
import { HttpError } from "../http-error.ts";

type Line = readonly [name: string, value: string];

const DIGITS = /^\d{1,15}$/;

/** The fields of a response that say how it is sent, found in one pass: which of them were given, and what they say. */
export class ResponseFields {
  readonly lines: Line[];
  /** What Content-Length says. */
  readonly length: number | undefined;
  readonly hasDate: boolean = false;
  readonly hasConnection: boolean = false;
  /** Connection has `close`. */
  readonly isLast: boolean = false;

  /** @throws HttpError for a framing that is not the handler's to choose. */
  constructor(lines: Line[]) {
    this.lines = lines;
    for (const [name, value] of lines) {
      // What is no text is refused where the lines are encoded.
      if (typeof name !== "string" || typeof value !== "string") continue;
      switch (name.length) {
        case "date".length:
          if (name.toLowerCase() === "date") this.hasDate = true;
          break;
        case "connection".length:
          if (name.toLowerCase() !== "connection") break;
          this.hasConnection = true;
          if (listMembers(value.toLowerCase()).includes("close")) this.isLast = true;
          break;
        case "content-length".length:
          if (name.toLowerCase() !== "content-length") break;
          if (!DIGITS.test(value) || this.length !== undefined) {
            throw new HttpError("ERR_SOCKWRIGHT_HTTP_LENGTH", value);
          }
          this.length = Number(value);
          break;
        case "transfer-encoding".length:
          if (name.toLowerCase() === "transfer-encoding") throw new HttpError("ERR_SOCKWRIGHT_HTTP_FRAMING", name);
          break;
      }
    }
  }
}

/** Whether a field of this name is written anew, by how the body is framed. */
export function isFramingField(name: string): boolean {
  return name.length === "content-length".length && name.toLowerCase() === "content-length";
}
