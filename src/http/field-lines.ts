import { isAll, TOKEN } from "./byte-class.ts";
import { HttpError } from "./http-error.ts";

/** Fields to send, in this order. Several fields of one name become several lines. */
export type FieldLines = Iterable<readonly [name: string, value: string]>;

const OUTSIDE_VALUES = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Formats the lines of a header or trailer section, as latin1.
 *
 * @throws HttpError for a name or value that could begin another line or another response: RFC 9112, section 11.1.
 */
export function fieldLines(fields: FieldLines): string {
  let text = "";
  // The error does not show the value: it may be a secret.
  for (const [name, value] of fields) {
    if (typeof name !== "string" || !isAll(name, TOKEN)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_FIELD_NAME", name);
    if (!isFieldText(value)) throw new HttpError("ERR_SOCKWRIGHT_HTTP_FIELD_VALUE", name);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** Whether the value can be sent in a field line: only VCHAR, obs-text, SP and HTAB. */
export function isFieldText(text: unknown): boolean {
  return typeof text === "string" && !OUTSIDE_VALUES.test(text);
}
