import { Buffer } from "node:buffer";
import { type FieldLines, fieldLines, isFieldText } from "./field-lines.ts";
import { HttpError } from "./http-error.ts";
import { reasonPhrase } from "./reason-phrase.ts";

/** What stands in front of a response's body. Date, framing and Connection are fields like others. */
export interface ResponseHead {
  /** From 100 to 599. */
  readonly status: number;
  readonly fields: FieldLines;
  /** Default: IANA's. */
  readonly reason?: string | undefined;
}

/**
 * A response's head as latin1, to be put together with others. The version is always ours: RFC 9110, section 6.2.
 *
 * @throws HttpError for what cannot be sent.
 */
export function responseHeadText({ status, fields, reason = reasonPhrase(status) }: ResponseHead): string {
  // RFC 9110, section 15: values outside are invalid.
  if (!Number.isInteger(status) || status < 100 || status > 599)
    throw new HttpError("ERR_SOCKWRIGHT_HTTP_STATUS", typeof status === "number" ? `${status}` : status);
  if (!isFieldText(reason)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_REASON", reason);
  return `HTTP/1.1 ${status} ${reason}\r\n${fieldLines(fields)}\r\n`;
}

/**
 * The same as bytes.
 *
 * @throws HttpError for what cannot be sent.
 */
export function encodeResponseHead(head: ResponseHead): Buffer {
  return Buffer.from(responseHeadText(head), "latin1");
}
