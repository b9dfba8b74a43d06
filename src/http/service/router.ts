import { functionOf, wrongType, wrongValue } from "../../socket/values.ts";
import { isAll, TOKEN } from "../byte-class.ts";
import { reasonPhrase } from "../reason-phrase.ts";
import { answerOfError, answerOfStatus } from "./error-answer.ts";
import type { HttpAnswer, HttpContext, HttpHandler } from "./handler.ts";
import type { HttpRequest } from "./http-request.ts";
import { RequestError } from "./request-error.ts";

/** The handlers of one path, by method. The key `""` is for all other methods. */
type Methods = Map<string, HttpHandler>;

/** Common methods in any case: RFC 9110, section 9.1, makes `get` another method than `GET`, so such a key is a mistake. */
const KNOWN_METHOD = /^(?:get|head|post|put|patch|delete|options)$/i;

const FORM = 'must be a path, or a method and a path, such as "GET /hello" or "/files/*"';

/**
 * Returns a handler that calls one of several handlers, chosen by path and method. A key is `/path`, for all methods, or
 * `GET /path`. A path that ends in `*` matches all paths with that prefix. An exact path wins over a prefix, and a longer prefix
 * over a shorter one. The router compares paths as the client sent them, with their percent-encoding. There are no parameters such
 * as `:id`: take them from `request.path`.
 *
 * The router answers 404 when no path matches, and 405 with Allow when the path has no handler for the method. The handler of GET
 * also serves HEAD. The answer to OPTIONS is 204 with Allow: RFC 9110, section 9.
 *
 * @throws TypeError for a key that is neither `/path` nor `METHOD /path`, or a value that is not a function.
 * @example
 * ```ts
 * import { http, router } from "sockwright/http";
 * import { serve } from "sockwright/server";
 *
 * const routes = router({
 *   "GET /hello": () => ({ body: "hello" }),
 *   "POST /echo": async (request) => ({ body: await request.bytes() }),
 *   "/files/*": (request) => ({ body: request.path.slice("/files/".length) }),
 * });
 * const server = await serve("http://127.0.0.1:0", http(routes));
 * const headers = { Connection: "close" };
 * const answer = await fetch(`${server.urls[0]}/files/a/b`, { headers });
 * console.log(await answer.text()); // => a/b
 * const refused = await fetch(`${server.urls[0]}/hello`, { method: "PUT", headers });
 * console.log(refused.status, refused.headers.get("allow")); // => 405 GET, HEAD, OPTIONS
 * await server.close();
 * ```
 */
export function router(routes: Readonly<Record<string, HttpHandler>>): HttpHandler {
  checkRoutes(routes);
  const exact = new Map<string, Methods>();
  const prefixes = new Map<string, Methods>();
  for (const [key, handler] of Object.entries(routes)) {
    const [, method = "", path = ""] = /^(?:(\S+) )?(\/\S*)$/.exec(key) ?? [];
    if (path === "" || (method !== "" && !isAll(method, TOKEN))) throw wrongValue("routes", FORM, key);
    if (KNOWN_METHOD.test(method) && method !== method.toUpperCase())
      throw wrongValue("routes", "must have methods in upper case", key);
    if (/\*.|\/:/.test(path))
      throw wrongValue(
        "routes",
        'must have "*" only at the end of a path, and no ":name": take it from request.path',
        key,
      );
    functionOf(`routes[${JSON.stringify(key)}]`, handler);
    const isPrefix = path.endsWith("*");
    add(isPrefix ? prefixes : exact, isPrefix ? path.slice(0, -1) : path, method, handler);
  }
  const longestFirst = [...prefixes].sort(([one], [other]) => other.length - one.length);
  return (request, context) => {
    const { path } = request;
    const methods = exact.get(path) ?? longestFirst.find(([prefix]) => path.startsWith(prefix))?.[1];
    if (methods !== undefined) return route(methods, request, context);
    return path === "*" && request.method === "OPTIONS" ? { status: 204 } : answerOfStatus(404);
  };
}

function checkRoutes(routes: unknown): void {
  if (typeof routes !== "object" || routes === null) throw wrongType("routes", "of type object", routes);
}

function add(paths: Map<string, Methods>, path: string, method: string, handler: HttpHandler): void {
  const methods: Methods = paths.get(path) ?? new Map();
  methods.set(method, handler);
  paths.set(path, methods);
}

function route(methods: Methods, request: HttpRequest, context: HttpContext): HttpAnswer | Promise<HttpAnswer> {
  const { method } = request;
  const getHandler = method === "HEAD" ? methods.get("GET") : undefined;
  const handler = methods.get(method) ?? getHandler ?? methods.get("");
  if (handler !== undefined) return handler(request, context);
  const allowed = new Set(methods.keys());
  if (allowed.has("GET")) allowed.add("HEAD");
  allowed.add("OPTIONS");
  const headers = { Allow: [...allowed].join(", ") };
  if (method === "OPTIONS") return { status: 204, headers };
  return answerOfError(new RequestError(405, reasonPhrase(405), { headers }));
}
