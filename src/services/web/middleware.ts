import type { IncomingMessage, ServerResponse } from "node:http";
import { Fields } from "../../http/fields.ts";
import { Refusal } from "../../http/refusal.ts";
import { requestTarget } from "../../http/request-target.ts";
import { answerOfError, answerOfRefusal, FAILED } from "../../http/service/error-answer.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import { mountOf } from "./mount.ts";
import { dropAnswer, sendByNode } from "./node-answer.ts";
import { openSite, reportTo } from "./open-site.ts";
import type { Site, SiteRequest } from "./site.ts";
import type { SiteAnswer } from "./site-answer.ts";
import { WEB_OPTIONS, type WebOptions, type WebSettings } from "./web-options.ts";

type Next = NonNullable<Parameters<WebMiddleware>[2]>;

/** The middleware that {@link webMiddleware} returns. */
export interface WebMiddleware {
  /** Answers a request. Calls `next` if it does not answer it, with the error if one occurred. See {@link webMiddleware}. */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /**
   * Opens the root before the first request, to learn whether that is possible. See {@link webMiddleware}.
   *
   * @throws Error in Node's shape for a root that cannot be opened · TemplateError. The next call, or request, tries again.
   */
  ready(): Promise<void>;
  /** Closes the root and all files; answers under way are sent to their end. Later requests find no file. See {@link webMiddleware}. */
  close(): Promise<void>;
}

/** Options that apply to a server of this package, which a middleware does not have. */
const OF_SERVERS = ["http", "accessLog"] as const;

/**
 * Creates a middleware for node:http, Connect and Express that serves the files of a folder with the answers of `web`. The first request,
 * or `ready()`, opens the root. With `next`, it passes on requests for missing files, methods other than GET and HEAD, and errors, also
 * one that cut an answer off. Without `next` it answers 404, 405 or 500 itself, and calls `onError`. The parser, limits and deadlines of
 * the server apply. Below a path, as with `app.use("/docs", …)`, redirects keep that path.
 *
 * @param root - relative to the working directory when it is opened.
 * @param options - the options of `web` without `http` and `accessLog`, which belong to the server.
 * @throws RangeError, TypeError for an invalid option.
 * @example
 * ```ts
 * import { once } from "node:events";
 * import { createServer } from "node:http";
 * import { webMiddleware } from "sockwright/services/web";
 *
 * const files = webMiddleware("docs/guides");
 * const server = createServer((request, response) => {
 *   files(request, response, () => response.writeHead(404).end("nothing here"));
 * });
 * await once(server.listen(0, "127.0.0.1"), "listening");
 * const { port } = Object(server.address());
 * const found = await fetch(`http://127.0.0.1:${port}/testing.md`, { headers: { Range: "bytes=0-8", Connection: "close" } });
 * console.log(found.status, await found.text()); // => 206 # Testing
 * const missing = await fetch(`http://127.0.0.1:${port}/none`, { headers: { Connection: "close" } });
 * console.log(missing.status, await missing.text()); // => 404 nothing here
 * server.closeAllConnections();
 * server.close();
 * await files.close();
 * ```
 */
export function webMiddleware(root: string, options?: WebOptions): WebMiddleware {
  if (typeof root !== "string") throw wrongType("root", "of type string", root);
  const settings = WEB_OPTIONS.check("webMiddleware()", options);
  for (const name of OF_SERVERS) {
    if (settings[name] !== undefined)
      throw wrongValue(`options.${name}`, "must be left out: it is the server's", settings[name]);
  }
  const folder = new LazySite(root, settings);
  const middleware = (request: IncomingMessage, response: ServerResponse, next?: Next): void => {
    void serveBy(folder, request, response, next);
  };
  return Object.assign(middleware, {
    ready: async () => void (await folder.open()),
    close: () => folder.close(),
  });
}

/** A site that the first request opens. */
class LazySite {
  readonly #root: string;
  readonly #settings: WebSettings;
  #site: Promise<Site> | undefined;
  #isClosed = false;

  constructor(root: string, settings: WebSettings) {
    this.#root = root;
    this.#settings = settings;
  }

  /** Undefined once it is closed. */
  async open(): Promise<Site | undefined> {
    if (this.#isClosed) return undefined;
    this.#site ??= openSite(this.#root, this.#settings);
    try {
      return this.#unlessClosed(await this.#site);
    } catch (error) {
      this.#site = undefined;
      throw error;
    }
  }

  #unlessClosed(site: Site): Site | undefined {
    return this.#isClosed ? undefined : site;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const opening = this.#site;
    this.#site = undefined;
    // Who has asked for it is told why it could not be opened.
    const site = await opening?.catch(() => undefined);
    site?.close();
  }

  report(error: unknown): void {
    reportTo(this.#settings, error);
  }
}

/** Rejects only with an error that `next` throws. */
async function serveBy(folder: LazySite, request: IncomingMessage, response: ServerResponse, next: Next | undefined) {
  const isHead = request.method === "HEAD";
  if (next !== undefined && request.method !== "GET" && !isHead) return next();
  try {
    const answer = await answerTo(folder, request);
    const isMissing = (answer.status ?? 200) === 404;
    if (!isMissing || next === undefined) return await sendByNode(response, isHead, answer);
    dropAnswer(answer);
  } catch (error) {
    if (next !== undefined) return next(error);
    const isAnswer = error instanceof RequestError;
    if (!response.headersSent) await sendByNode(response, isHead, isAnswer ? answerOfError(error) : FAILED);
    if (!isAnswer) folder.report(error);
    return;
  }
  next();
}

async function answerTo(folder: LazySite, message: IncomingMessage): Promise<SiteAnswer> {
  const { method = "", url = "", rawHeaders, socket } = message;
  const target = requestTarget(method, url);
  if (target === undefined) return answerOfRefusal(new Refusal("target-malformed"));
  const { path, query: rawQuery } = target;
  // At once: a framework puts back what it has taken when it goes on.
  const mount = mountOf(message, path);
  const headers = Fields.of(pairsOf(rawHeaders));
  const request: SiteRequest = {
    method,
    path,
    rawQuery,
    headers,
    address: socket.remoteAddress,
    mountPath: mount.path,
  };
  const site = await folder.open();
  if (site === undefined) return { status: 404, body: "" };
  return mount.isAsked ? site.toRoot(request) : site.answer(request);
}

function* pairsOf(flat: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at + 1 < flat.length; at += 2) yield [flat[at] ?? "", flat[at + 1] ?? ""];
}
