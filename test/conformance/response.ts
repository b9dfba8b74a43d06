/** A response in its bytes: no HTTP library has corrected it. */
export interface Response {
  readonly version: string;
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Whether the whole body has arrived. */
  readonly isWhole: boolean;
}

/** The responses of a connection, and the bytes after them that are not a response. */
export interface Responses {
  readonly responses: readonly Response[];
  readonly rest: Buffer;
}

interface Body {
  readonly bytes: Buffer;
  readonly isWhole: boolean;
  /** The offset of the next response. */
  readonly end: number;
}

const HEAD = /^HTTP\/(\d\.\d) (\d{3})(?: [^\r\n]*)?\r\n((?:[^\r\n]*\r\n)*?)\r\n$/;

/**
 * Parses the bytes of a connection: RFC 9112, sections 4 and 6.3.
 *
 * @param methods - of the requests, in order: the response to HEAD has no body. Missing ones are GET.
 * @param isEnded - whether the server has closed the connection: some bodies end with it.
 */
export function parseResponses(bytes: Buffer, methods: readonly string[], isEnded: boolean): Responses {
  const responses: Response[] = [];
  let finals = 0;
  let at = 0;
  while (at < bytes.length) {
    const headEnd = bytes.indexOf("\r\n\r\n", at);
    if (headEnd < 0) break;
    const [, version = "", status = "", lines] = HEAD.exec(bytes.toString("latin1", at, headEnd + 4)) ?? [];
    if (lines === undefined) break;
    const head = { version, status: Number(status), fields: fieldsOf(lines) };
    const method = methods[finals] ?? "GET";
    if (head.status >= 200) finals++;
    const { bytes: body, isWhole, end } = bodyOf(head, method, bytes, headEnd + 4, isEnded);
    responses.push({ ...head, body, isWhole });
    at = end;
    if (!isWhole) break;
  }
  return { responses, rest: bytes.subarray(at) };
}

/** The value of a field, with several lines joined to a list; undefined for a missing field. */
export function fieldOf({ fields }: Pick<Response, "fields">, name: string): string | undefined {
  const values = fields.filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

function fieldsOf(lines: string): (readonly [string, string])[] {
  return lines
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    });
}

function bodyOf(
  head: Pick<Response, "status" | "fields">,
  method: string,
  bytes: Buffer,
  start: number,
  isEnded: boolean,
): Body {
  const { status } = head;
  if (status < 200 || status === 204 || status === 304 || method === "HEAD") {
    return { bytes: Buffer.alloc(0), isWhole: true, end: start };
  }
  if (/\bchunked$/i.test(fieldOf(head, "Transfer-Encoding") ?? "")) return chunkedBody(bytes, start);
  const length = fieldOf(head, "Content-Length");
  const end = length === undefined ? bytes.length : Math.min(start + Number(length), bytes.length);
  const isWhole = length === undefined ? isEnded : end === start + Number(length);
  return { bytes: bytes.subarray(start, end), isWhole, end };
}

function chunkedBody(bytes: Buffer, start: number): Body {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || end > bytes.length) return { bytes: Buffer.concat(chunks), isWhole: false, end: at };
    if (size === 0) return { bytes: Buffer.concat(chunks), isWhole: true, end };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
