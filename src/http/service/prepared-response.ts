import { Buffer } from "node:buffer";
import { checkOptions, functionOf, integer, type OptionNames, viewOf, wrongType } from "../../socket/values.ts";
import { DateText } from "../http-date.ts";
import { HttpError } from "../http-error.ts";
import { encodeResponseHead } from "../response-head.ts";
import type { FileBody } from "./file-body.ts";
import { type HttpHeaders, headerLines } from "./http-headers.ts";
import { isFramingField, ResponseFields } from "./response-fields.ts";

/** The status, header fields and body of a prepared response. */
export interface PreparedResponseInit {
  /** The status code: 200 to 599; default 200. */
  readonly status?: number | undefined;
  /** The header fields; default none. */
  readonly headers?: HttpHeaders | undefined;
  /** The body; default none. Bytes are copied. A file is opened for each response: see {@link FileSource.open}. */
  readonly body?: Uint8Array | string | FileSource | undefined;
}

/** A file, or a part of one, that is the body of many responses. */
export interface FileSource {
  /** The length of each body, in bytes. */
  readonly length: number;
  /** Returns the body of one response. Called for each response that is sent with its body. */
  open(): FileBody;
}

const INIT: OptionNames<PreparedResponseInit> = { status: true, headers: true, body: true };

/** Shared by all prepared responses, since at any time they have the same Date. */
const date = new DateText();
const DATE = "Date: ";
const LINE_END = Buffer.from("\r\n");

/**
 * A response that is encoded once and sent many times. Its head and body are one buffer, in which only the Date changes, once a
 * second. The answer to HEAD is the head alone.
 *
 * @throws HttpError for a response that cannot be sent · TypeError.
 * @example
 * ```ts
 * import { http, PreparedResponse } from "sockwright/http";
 * import { serve } from "sockwright/server";
 *
 * const hello = new PreparedResponse({ headers: { "Content-Type": "text/plain" }, body: "hello" });
 * const server = await serve("tcp://127.0.0.1:0", http(() => hello));
 * const answer = await fetch(String(server.urls[0]).replace("tcp:", "http:"), { headers: { Connection: "close" } });
 * console.log(answer.headers.get("content-length"), await answer.text()); // => 5 hello
 * await server.close();
 * ```
 */
export class PreparedResponse {
  /** The status code. */
  readonly status: number;
  /** The length of the body, in bytes. */
  readonly bodyBytes: number;
  /** Whether its head has `Connection: close`. @internal */
  readonly isLast: boolean;
  /** The file of its body; undefined for a body in memory. @internal */
  readonly file: FileSource | undefined;
  readonly #headBytes: number;
  /** The offset of the value of Date; -1 when the caller has given a Date, which stays. */
  readonly #dateAt: number;
  #bytes: Buffer;
  #date = "";

  constructor(init: PreparedResponseInit) {
    checkOptions("new PreparedResponse()", init, INIT);
    const { status = 200, body = "" } = init;
    if (typeof status === "number" && status < 200) throw new HttpError("ERR_SOCKWRIGHT_HTTP_STATUS", `${status}`);
    const file = fileOf(body);
    const bytes = bytesOf(body);
    const length = file?.length ?? bytes.length;
    const fields = new ResponseFields(headerLines(init.headers));
    const isEmpty = status === 204 || status === 205 || status === 304;
    if (isEmpty && length > 0) throw new HttpError("ERR_SOCKWRIGHT_HTTP_BODY", `${status}`);
    if (fields.length !== undefined && !isEmpty && fields.length !== length) {
      throw new HttpError("ERR_SOCKWRIGHT_HTTP_LENGTH", `${fields.length}`);
    }
    const now = formatDate(Date.now());
    const lines = fields.lines.filter(([name]) => !isFramingField(name));
    if (!fields.hasDate) lines.unshift(["Date", now]);
    if (!isEmpty || status === 205) lines.push(["Content-Length", `${length}`]);
    const head = encodeResponseHead({ status, fields: lines });
    this.status = status;
    this.file = file;
    this.bodyBytes = length;
    this.isLast = fields.isLast;
    this.#headBytes = head.length;
    this.#dateAt = fields.hasDate ? -1 : head.indexOf(DATE) + DATE.length;
    this.#date = now;
    this.#bytes = Buffer.concat([head, bytes]);
  }

  /** Returns the encoded response, or its head. The bytes never change: a new Date is written into a new buffer. @internal */
  encode(nowMs: number, withBody: boolean): Buffer {
    const text = formatDate(nowMs);
    if (this.#dateAt >= 0 && text !== this.#date) {
      this.#date = text;
      // A connection may still hold the old buffer in its write buffer.
      this.#bytes = Buffer.from(this.#bytes);
      this.#bytes.write(text, this.#dateAt, "latin1");
    }
    return withBody ? this.#bytes : this.#bytes.subarray(0, this.#headBytes);
  }

  /** Returns the header lines, for a sender with another encoding. @internal */
  lines(nowMs: number): [name: string, value: string][] {
    const head = this.encode(nowMs, false).toString("latin1");
    const [, ...lines] = head.slice(0, -2 * LINE_END.length).split("\r\n");
    return lines.map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
  }

  /** The body in memory; its bytes never change. @internal */
  get body(): Buffer {
    return this.#bytes.subarray(this.#headBytes);
  }

  /** Returns the encoded response with a further line in its head, such as Connection. @internal */
  encodeWith(line: string, nowMs: number, withBody: boolean): Buffer {
    const bytes = this.encode(nowMs, withBody);
    const end = this.#headBytes - LINE_END.length;
    return Buffer.concat([bytes.subarray(0, end), Buffer.from(`${line}\r\n`, "latin1"), bytes.subarray(end)]);
  }
}

function fileOf(body: unknown): FileSource | undefined {
  if (typeof body !== "object" || body === null || body instanceof Uint8Array) return undefined;
  const { length, open }: Partial<Record<keyof FileSource, unknown>> = body;
  integer("init.body.length", length, 0, Number.MAX_SAFE_INTEGER);
  functionOf("init.body.open", open);
  return body as FileSource;
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return viewOf("init.body", body);
  if (typeof body === "object" && body !== null) return new Uint8Array(0);
  throw wrongType("init.body", "of type string, an instance of Uint8Array or a file", body);
}

function formatDate(ms: number): string {
  return date.at(ms);
}
