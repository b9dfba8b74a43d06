import { Buffer } from "node:buffer";
import { checkOptions, functionOf, integer, type OptionNames, viewOf, wrongType } from "../../socket/values.ts";
import { DateText } from "../http-date.ts";
import { HttpError } from "../http-error.ts";
import { encodeResponseHead } from "../response-head.ts";
import type { FileBody } from "./file-body.ts";
import { type HttpHeaders, headerLines } from "./http-headers.ts";
import { isFramingField, ResponseFields } from "./response-fields.ts";

/** A response that is encoded once. */
export interface PreparedResponseInit {
  /** 200 to 599; default 200. */
  readonly status?: number | undefined;
  readonly headers?: HttpHeaders | undefined;
  /** Default none. Bytes are copied; of a file each response is sent a body of its own. */
  readonly body?: Uint8Array | string | FileSource | undefined;
}

/** A file, or a part of one, that is the body of many responses. */
export interface FileSource {
  /** In bytes. */
  readonly length: number;
  /** Called for each response that is sent with its body. */
  open(): FileBody;
}

const INIT: OptionNames<PreparedResponseInit> = { status: true, headers: true, body: true };

/** All of them have the same one at a time. */
const date = new DateText();
const DATE = "Date: ";
const LINE_END = Buffer.from("\r\n");

/**
 * A response that is sent many times: its head and its body are one piece of memory, of which nothing is made anew but the Date,
 * once a second. To HEAD its head alone is sent.
 *
 * @throws HttpError for what cannot be sent · TypeError.
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
  /** As it was given. */
  readonly status: number;
  /** How many bytes its body has. */
  readonly bodyBytes: number;
  /** Whether it says `Connection: close`. @internal */
  readonly isLast: boolean;
  /** Where its body comes from, if not out of memory. @internal */
  readonly file: FileSource | undefined;
  readonly #headBytes: number;
  /** Where the text of the Date begins; -1 where one was given, and stays. */
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

  /** All of it, or its head. Lent for good: where the Date has changed, it is other memory. @internal */
  encoded(nowMs: number, withBody: boolean): Buffer {
    const text = formatDate(nowMs);
    if (this.#dateAt >= 0 && text !== this.#date) {
      this.#date = text;
      // A write that has lent the memory may wait still.
      this.#bytes = Buffer.from(this.#bytes);
      this.#bytes.write(text, this.#dateAt, "latin1");
    }
    return withBody ? this.#bytes : this.#bytes.subarray(0, this.#headBytes);
  }

  /** The lines of its head, for who sends it otherwise. @internal */
  lines(nowMs: number): [name: string, value: string][] {
    const head = this.encoded(nowMs, false).toString("latin1");
    const [, ...lines] = head.slice(0, -2 * LINE_END.length).split("\r\n");
    return lines.map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
  }

  /** Lent for good. @internal */
  get body(): Buffer {
    return this.#bytes.subarray(this.#headBytes);
  }

  /** The same with a further field in its head, such as Connection. @internal */
  encodedWith(line: string, nowMs: number, withBody: boolean): Buffer {
    const bytes = this.encoded(nowMs, withBody);
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
