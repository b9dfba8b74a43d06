import { Buffer } from "node:buffer";
import { type FieldLines, fieldLines, isFieldText } from "./field-lines.ts";
import { HttpError } from "./http-error.ts";
import { reasonPhrase } from "./reason-phrase.ts";

/** The head of a response. Date, framing and Connection are ordinary fields of it. */
export interface ResponseHead {
  /** From 100 to 599. */
  readonly status: number;
  readonly fields: FieldLines;
  /** The reason phrase; by default the one of the IANA registry. */
  readonly reason?: string | undefined;
}

/**
 * Formats a response's head as latin1 text. The version is always the server's own, HTTP/1.1: RFC 9110, section 6.2.
 *
 * @throws HttpError for a status, reason or field that cannot be sent.
 */
export function responseHeadText({ status, fields, reason = reasonPhrase(status) }: ResponseHead): string {
  // RFC 9110, section 15: values outside this range are invalid.
  if (!Number.isInteger(status) || status < 100 || status > 599)
    throw new HttpError("ERR_SOCKWRIGHT_HTTP_STATUS", typeof status === "number" ? `${status}` : status);
  if (!isFieldText(reason)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_REASON", reason);
  return `HTTP/1.1 ${status} ${reason}\r\n${fieldLines(fields)}\r\n`;
}

/**
 * Encodes a response's head as bytes.
 *
 * @throws HttpError for a status, reason or field that cannot be sent.
 */
export function encodeResponseHead(head: ResponseHead): Buffer {
  return Buffer.from(responseHeadText(head), "latin1");
}
