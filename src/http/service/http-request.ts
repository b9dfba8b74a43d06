import { Buffer } from "node:buffer";
import type { Connection } from "../../server/connection/connection.ts";
import { tolerate } from "../../server/connection/unawaited.ts";
import type { TlsInfo } from "../../server/transport/tls-info.ts";
import { functionOf } from "../../socket/values.ts";
import { Fields } from "../fields.ts";
import type { RequestHead } from "../request-head.ts";
import type { BodyTaker, RequestBody } from "./request-body.ts";
import { RequestError } from "./request-error.ts";

const NOTHING = Buffer.alloc(0);
const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A request, as a handler receives it. The query and the body are parsed only when the handler asks for them.
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
  /** The part of the path that {@link mounts} has removed, without a slash at its end; `""` for a service at the root. */
  readonly mountPath: string;
  #query: URLSearchParams | undefined;

  /** @internal */
  constructor(head: RequestHead, body: RequestBody | undefined, connection: Connection, mountPath = "") {
    this.#head = head;
    this.#body = body;
    this.#connection = connection;
    this.mountPath = mountPath;
  }

  /** What the TLS handshake of the connection has negotiated, such as the client's certificate; undefined without TLS. */
  get tls(): TlsInfo | undefined {
    return this.#connection.tls;
  }

  /** The method, case-sensitive; it may be one that no standard defines: RFC 9110, section 9.1. */
  get method(): string {
    return this.#head.method;
  }

  /** The request target, as the client sent it: RFC 9112, section 3.2. */
  get target(): string {
    return this.#head.target;
  }

  /**
   * The path below {@link mountPath}, as the client sent it: with its percent-encoding, without the query. `*` is the server as a
   * whole.
   */
  get path(): string {
    const { path } = this.#head.parsedTarget;
    return this.mountPath === "" ? path : path.slice(this.mountPath.length);
  }

  /** The parameters after the first question mark of the target, decoded; none without a question mark. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#head.parsedTarget.query);
    return this.#query;
  }

  /** The text after the first question mark of the target, as the client sent it; undefined without a question mark. */
  get rawQuery(): string | undefined {
    return this.#head.parsedTarget.query;
  }

  /** The host and port of the target, or else of the Host field; `""` when neither names a host. */
  get authority(): string {
    return this.#head.authority;
  }

  /** The HTTP version. A minor version above 1 counts as 1: RFC 9110, section 2.5. */
  get version(): "1.0" | "1.1" {
    return this.#head.version;
  }

  /** The header fields. */
  get headers(): Fields {
    return this.#head.fields;
  }

  /** The protocols that the client offers in its Upgrade field: RFC 9110, section 7.8. */
  get upgrade(): string | undefined {
    return this.#head.upgrade;
  }

  /** The trailer fields, which follow the body; empty until the body has been read to its end. */
  get trailers(): Fields {
    return this.#body?.trailers ?? Fields.none;
  }

  /**
   * The body, in pieces as they arrive. It can be iterated once. The server receives no faster than the handler reads. It sends
   * `100 Continue` to a client that waits for it at the first read, also for {@link bytes}, {@link text} and {@link json}.
   *
   * @throws RequestError 400, 408, 413 · the error that lost the connection · HttpError `ERR_SOCKWRIGHT_HTTP_BODY_READ`.
   */
  get body(): AsyncIterable<Buffer> {
    return this.#body ?? EMPTY;
  }

  /**
   * Passes the body to a function, piece by piece as it arrives. Unlike {@link body}, it copies nothing: the bytes are lent during the
   * call, so the function uses or copies them within it. The promise resolves at the end of the body. A function that throws rejects it;
   * the rest of the body is discarded.
   *
   * @param take - called with the bytes, and with the control to pause the body. Each call has at least one byte.
   * @throws as {@link body}.
   * @example
   * ```ts
   * import { createHash } from "node:crypto";
   * import { http } from "sockwright/http";
   * import { serve } from "sockwright/server";
   *
   * const server = await serve("http://127.0.0.1:0", http(async (request) => {
   *   const hash = createHash("sha256");
   *   await request.onBody((bytes) => void hash.update(bytes));
   *   return { body: hash.digest("hex").slice(0, 8) };
   * }));
   * const answer = await fetch(String(server.urls[0]), { method: "PUT", body: "hello", headers: { Connection: "close" } });
   * console.log(await answer.text()); // => 2cf24dba
   * await server.close();
   * ```
   */
  onBody(take: BodyTaker): Promise<void> {
    functionOf("take", take);
    return this.#body?.push(take) ?? Promise.resolve();
  }

  /**
   * Reads the whole body, `maxBodyBytes` at most. Further calls return the same promise. See {@link HttpRequest}.
   *
   * @throws as {@link body}.
   */
  bytes(): Promise<Buffer> {
    return this.#body?.bytes() ?? Promise.resolve(NOTHING);
  }

  /**
   * Reads the whole body as UTF-8 text. See {@link HttpRequest}.
   *
   * @throws as {@link body}; RequestError 400 for a body that is not UTF-8.
   */
  text(): Promise<string> {
    return tolerate(this.#text());
  }

  /**
   * Reads the whole body and parses it as JSON. See {@link HttpRequest}.
   *
   * @throws as {@link text}; RequestError 400 for a body that is not JSON.
   */
  json(): Promise<unknown> {
    return tolerate(this.#json());
  }

  /**
   * Aborts when the connection is lost or aborted, for example by a server whose grace period has ended. Its reason is the error.
   */
  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  /**
   * Returns the same request for a service that is mounted at a path.
   *
   * @param prefix - the beginning of the path, without a slash at its end.
   * @internal
   */
  withMount(prefix: string): HttpRequest {
    return new HttpRequest(this.#head, this.#body, this.#connection, this.mountPath + prefix);
  }

  /** Lowers the limit of the body for a service that shares a listener. @throws RequestError 413. @internal */
  limitBody(maxBytes: number): void {
    this.#body?.limit(maxBytes);
  }

  async #text(): Promise<string> {
    const bytes = await this.bytes();
    try {
      return UTF_8.decode(bytes);
    } catch (cause) {
      throw new RequestError(400, "The body is not UTF-8", { cause });
    }
  }

  async #json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new RequestError(400, "The body is not JSON", { cause });
    }
  }
}

const EMPTY: AsyncIterable<Buffer> = {
  async *[Symbol.asyncIterator]() {
    // A request without a body.
  },
};
