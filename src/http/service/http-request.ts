import { Buffer } from "node:buffer";
import type { Connection } from "../../server/connection/connection.ts";
import { tolerated } from "../../server/connection/unawaited.ts";
import { Fields } from "../fields.ts";
import type { RequestHead } from "../request-head.ts";
import type { RequestBody } from "./request-body.ts";
import { RequestError } from "./request-error.ts";

const NOTHING = Buffer.alloc(0);
const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A request. Nothing of it is taken apart but what is asked for.
 *
 * @example
 * ```ts
 * import { http } from "sockwright/http";
 * import { serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", http(async (request) => {
 *   let bytes = 0;
 *   for await (const piece of request.body) bytes += piece.length;
 *   const { method, path, query, headers } = request;
 *   return { body: `${method} ${path} ${query.get("name")} ${headers.get("x-kind")} ${bytes}` };
 * }));
 * const url = `${String(server.urls[0]).replace("tcp:", "http:")}/upload?name=Rose`;
 * const headers = { Connection: "close", "X-Kind": "flower" };
 * const answer = await fetch(url, { method: "PUT", body: "12345", headers });
 * console.log(await answer.text()); // => PUT /upload Rose flower 5
 * await server.close();
 * ```
 */
export class HttpRequest {
  readonly #head: RequestHead;
  readonly #body: RequestBody | undefined;
  readonly #connection: Connection;
  /** What is in front of the path that the handler is asked for: see {@link mounts}; `""` where it stands at the root. */
  readonly mountPath: string;
  #query: URLSearchParams | undefined;

  /** @internal */
  constructor(head: RequestHead, body: RequestBody | undefined, connection: Connection, mountPath = "") {
    this.#head = head;
    this.#body = body;
    this.#connection = connection;
    this.mountPath = mountPath;
  }

  /** Case-sensitive; also one that nobody knows: RFC 9110, section 9.1. */
  get method(): string {
    return this.#head.method;
  }

  /** As it was sent: RFC 9112, section 3.2. */
  get target(): string {
    return this.#head.target;
  }

  /**
   * As it was sent, with its percent-encoding and without the query, below {@link mountPath}; `*` where the server as a whole is
   * meant.
   */
  get path(): string {
    const { path } = this.#head.to;
    return this.mountPath === "" ? path : path.slice(this.mountPath.length);
  }

  /** What is behind the first question mark, taken apart. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#head.to.query);
    return this.#query;
  }

  /** What is behind the first question mark, as it was sent; undefined where there is none. */
  get rawQuery(): string | undefined {
    return this.#head.to.query;
  }

  /** The host and port that the client means: of the target, or else of Host; empty where neither says it. */
  get authority(): string {
    return this.#head.authority;
  }

  /** A minor version above 1 is taken as 1: RFC 9110, section 2.5. */
  get version(): "1.0" | "1.1" {
    return this.#head.version;
  }

  /** The fields of the head. */
  get headers(): Fields {
    return this.#head.fields;
  }

  /** The protocols that the client would change to, as Upgrade lists them: RFC 9110, section 7.8. */
  get upgrade(): string | undefined {
    return this.#head.upgrade;
  }

  /** The fields behind the body; none before it has been read to its end. */
  get trailers(): Fields {
    return this.#body?.trailers ?? Fields.none;
  }

  /**
   * The body as it comes, no faster than it is read; once. A client that waits for `100 Continue` gets it with the first read, also
   * of {@link bytes}, {@link text} and {@link json}.
   *
   * @throws RequestError 400, 408, 413 · the error that lost the connection · HttpError `ERR_SOCKWRIGHT_HTTP_BODY_READ`.
   */
  get body(): AsyncIterable<Buffer> {
    return this.#body ?? EMPTY;
  }

  /**
   * All of the body, `maxBodyBytes` at most; the same when it is called again. See {@link HttpRequest}.
   *
   * @throws as {@link body}.
   */
  bytes(): Promise<Buffer> {
    return this.#body?.bytes() ?? Promise.resolve(NOTHING);
  }

  /**
   * All of the body as UTF-8 text. See {@link HttpRequest}.
   *
   * @throws as {@link body}; RequestError 400 for what is no UTF-8.
   */
  text(): Promise<string> {
    return tolerated(this.#text());
  }

  /**
   * All of the body as JSON. See {@link HttpRequest}.
   *
   * @throws as {@link text}; RequestError 400 for what is no JSON.
   */
  json(): Promise<unknown> {
    return tolerated(this.#json());
  }

  /** Aborts when the connection is lost, or is aborted as by a server whose grace is over; the reason is the error. */
  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  /**
   * The same request for whoever answers below a path.
   *
   * @param prefix - what the path begins with, without the slash behind it.
   * @internal
   */
  below(prefix: string): HttpRequest {
    return new HttpRequest(this.#head, this.#body, this.#connection, this.mountPath + prefix);
  }

  async #text(): Promise<string> {
    const bytes = await this.bytes();
    try {
      return UTF_8.decode(bytes);
    } catch (cause) {
      throw new RequestError(400, "The body is no UTF-8", { cause });
    }
  }

  async #json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new RequestError(400, "The body is no JSON", { cause });
    }
  }
}

const EMPTY: AsyncIterable<Buffer> = {
  async *[Symbol.asyncIterator]() {
    // A request without a body.
  },
};
