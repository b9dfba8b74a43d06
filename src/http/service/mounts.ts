import { functionOf, wrongType, wrongValue } from "../../socket/values.ts";
import { encodeTarget } from "../target-encoding.ts";
import { answerOfStatus } from "./error-answer.ts";
import type { HttpAnswer, HttpContext, HttpExchange } from "./handler.ts";
import { http } from "./http.ts";
import { DEFAULT_MAX_BODY_BYTES, type HttpOptions } from "./http-options.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpService } from "./http-service.ts";

/** RFC 3986, section 3.3, without segments that a browser would change: `.`, `..` and empty ones. */
const MOUNT = /^\/(?:(?!\.{1,2}\/)(?:[\w.~!$&'()*+,;=:@-]|%[\dA-Fa-f]{2})+\/)*$/;
const FORM = 'must be a path with a slash at both ends, such as "/" or "/chat/"';

/** Whether a service can be mounted at a path: the path has a slash at both ends. */
export function isMountPath(path: string): boolean {
  return MOUNT.test(path);
}

/** A service and its path. */
interface Mount {
  /** Ends with a slash. */
  readonly path: string;
  readonly service: HttpService;
}

/**
 * Combines several HTTP services into one, each below a path of its own. The service with the longest path that the request's path
 * begins with answers it. It sees `request.path` without its own path, which is in `request.mountPath`. A request for a service's
 * path without the final slash is redirected to the path with it. Paths are compared as the client sent them.
 *
 * The combined service starts and stops all of them, and calls the `onExchange` of each with the exchanges of its requests.
 *
 * @param services - the services by path, with a slash at both ends.
 * @param options - the options of the combined service. It ignores the options of each service except `onExchange` and `maxBodyBytes`.
 * @throws TypeError, RangeError for an invalid path or service.
 * @example
 * ```ts
 * import { http, mounts } from "sockwright/http";
 * import { serve } from "sockwright/server";
 * import { web } from "sockwright/services/web";
 *
 * const api = http((request) => ({ body: `${request.mountPath} ${request.path}` }));
 * const server = await serve("http://127.0.0.1:0", mounts({ "/": web("docs/guides"), "/api/": api }));
 * const answer = await fetch(`${server.urls[0]}/api/hello`, { headers: { Connection: "close" } });
 * console.log(await answer.text()); // => /api /hello
 * await server.close();
 * ```
 */
export function mounts(services: Readonly<Record<string, HttpService>>, options: HttpOptions = {}): HttpService {
  const all = mountsOf(services);
  const find = (path: string): Mount | undefined => all.find((mount) => path.startsWith(mount.path));
  const { onExchange } = options;
  const callHooks = (exchange: HttpExchange): unknown => {
    const { request } = exchange;
    const mount = request === undefined ? undefined : find(request.path);
    // An async function for each: one that throws does not keep the others from being called.
    const hooks = [onExchange, mount?.service.onExchange];
    return Promise.all(hooks.map(async (hook) => hook?.(exchange)));
  };
  const hasHooks = onExchange !== undefined || all.some(({ service }) => service.onExchange !== undefined);
  const ownBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const allBytes = Math.max(ownBytes, ...all.map((mount) => mount.service.maxBodyBytes ?? 0));
  const service = http(
    (request, context) => {
      const mount = find(request.path);
      if (mount === undefined || lacksSlash(all, request.path)) return answerUnmounted(all, request);
      request.limitBody(mount.service.maxBodyBytes ?? ownBytes);
      return answerByMount(mount, request, context);
    },
    { ...options, maxBodyBytes: allBytes, onExchange: hasHooks ? callHooks : undefined },
  );
  return {
    ...service,
    name: "mounts",
    maxBodyBytes: allBytes,
    ...lifecycleOf(new Set(all.map((mount) => mount.service))),
  };
}

function mountsOf(services: unknown): readonly Mount[] {
  if (typeof services !== "object" || services === null)
    throw wrongType("services", 'an object, such as { "/": web("public") }', services);
  const all = Object.entries(services).map(([path, service]: [string, HttpService]) => {
    if (!isMountPath(path)) throw wrongValue("services", FORM, path);
    functionOf(`services[${JSON.stringify(path)}].request`, (service as Partial<HttpService> | undefined)?.request);
    return { path, service };
  });
  if (all.length === 0) throw wrongValue("services", "must have at least one path", services);
  return all.sort((one, other) => other.path.length - one.path.length);
}

function answerByMount(
  { path, service }: Mount,
  request: HttpRequest,
  context: HttpContext,
): HttpAnswer | Promise<HttpAnswer> {
  return service.request(path === "/" ? request : request.withMount(path.slice(0, -1)), context);
}

/** Whether a path is that of a service without its final slash, also where a service at a shorter path matches it. */
function lacksSlash(all: readonly Mount[], path: string): boolean {
  return all.some((mount) => mount.path === `${path}/`);
}

/** The answer for a path that belongs to no service: a redirect to the path with a final slash, or 404. */
function answerUnmounted(all: readonly Mount[], { method, path, rawQuery, mountPath }: HttpRequest): HttpAnswer {
  if (path === "*" && method === "OPTIONS") return { status: 204 };
  if (!lacksSlash(all, path)) return answerOfStatus(404);
  // RFC 9110, section 15.4.9: with 308, unlike 301, the client keeps the method and the body.
  const query = rawQuery === undefined ? "" : `?${encodeTarget(rawQuery)}`;
  return { status: 308, headers: { Location: `${mountPath}${path}/${query}` } };
}

/** Starts the services in their order; when one fails, stops those that have started. */
function lifecycleOf(services: ReadonlySet<HttpService>): Required<Pick<HttpService, "start" | "stop">> {
  return {
    async start() {
      const started: HttpService[] = [];
      try {
        for (const service of services) {
          await service.start?.();
          started.push(service);
        }
      } catch (error) {
        const failures = await stopAll(started);
        throw failures.length === 0 ? error : new AggregateError([error, ...failures], "Services failed to start");
      }
    },
    async stop() {
      const failures = await stopAll([...services]);
      if (failures.length > 1) throw new AggregateError(failures, "Services failed to stop");
      if (failures.length === 1) throw failures[0];
    },
  };
}

/** Stops all services and returns the errors they have thrown. */
async function stopAll(services: readonly HttpService[]): Promise<readonly unknown[]> {
  const ends = await Promise.allSettled(services.map(async (service) => service.stop?.()));
  return ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
}
