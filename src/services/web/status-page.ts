import { reasonPhrase } from "../../http/reason-phrase.ts";
import { PreparedResponse } from "../../http/service/prepared-response.ts";

type Field = readonly [name: string, value: string];

/** RFC 9110, section 9: the methods that the server knows. */
const ALLOWED_METHODS = "GET, HEAD, OPTIONS";

/** The answers without a file: one line of text, with the fields of all answers. */
export class StatusPages {
  readonly #headers: readonly Field[];
  readonly #pages = new Map<number, PreparedResponse>();

  constructor(headers: readonly Field[]) {
    this.#headers = headers;
  }

  of(status: number): PreparedResponse {
    const known = this.#pages.get(status);
    if (known !== undefined) return known;
    const page = this.make(status, fieldsOf(status));
    this.#pages.set(status, page);
    return page;
  }

  /** With fields of its own, such as Location. */
  make(status: number, fields: readonly Field[]): PreparedResponse {
    const hasBody = status !== 204;
    const type: Field[] = hasBody ? [["Content-Type", "text/plain; charset=utf-8"]] : [];
    const body = hasBody ? `${status} ${reasonPhrase(status)}\n` : "";
    return new PreparedResponse({ status, headers: [...type, ...fields, ...this.#headers], body });
  }
}

/** RFC 9110, sections 10.2.1 and 15.5.6: 405 has Allow; 10.2.3: Retry-After tells when to try again. */
function fieldsOf(status: number): readonly Field[] {
  if (status === 405 || status === 204) return [["Allow", ALLOWED_METHODS]];
  return status === 503 ? [["Retry-After", "1"]] : [];
}
