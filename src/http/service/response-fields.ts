import { listMembers } from "../fields.ts";
import { HttpError } from "../http-error.ts";

type Line = readonly [name: string, value: string];

const DIGITS = /^\d{1,15}$/;

/** The header lines of a response, and the values of Date, Connection and Content-Length, found in one pass. */
export class ResponseFields {
  readonly lines: Line[];
  /** The value of Content-Length. */
  readonly length: number | undefined;
  readonly hasDate: boolean = false;
  readonly hasConnection: boolean = false;
  /** Whether Connection has `close`. */
  readonly isLast: boolean = false;

  /** @throws HttpError for an invalid or second Content-Length, and for Transfer-Encoding, which only the server sets. */
  constructor(lines: Line[]) {
    this.lines = lines;
    for (const [name, value] of lines) {
      // The encoder refuses names and values that are not strings.
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

/** Whether a field is Content-Length, which the server replaces by its own framing field. */
export function isFramingField(name: string): boolean {
  return name.length === "content-length".length && name.toLowerCase() === "content-length";
}
