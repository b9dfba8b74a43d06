import { functionOf, wrongType, wrongValue } from "../../socket/values.ts";
import { asSent } from "../sent-text.ts";
import { answerOfStatus } from "./error-answer.ts";
import type { HttpAnswer, HttpContext, HttpExchange } from "./handler.ts";
import { http } from "./http.ts";
import type { HttpOptions } from "./http-options.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpService } from "./http-service.ts";

/** RFC 3986, section 3.3, without what would be another path to a browser: `.`, `..` and empty segments. */
const MOUNT = /^\/(?:(?!\.{1,2}\/)(?:[\w.~!$&'()*+,;=:@-]|%[\dA-Fa-f]{2})+\/)*$/;
const FORM = 'must be a path with a slash at both ends, such as "/" or "/chat/"';

/** Whether services can stand at a path: it has a slash at both ends. */
export function isMountPath(path: string): boolean {
  return MOUNT.test(path);
}

/** What stands at a path. */
interface Mount {
  /** With its slash at the end. */
  readonly path: string;
  readonly service: HttpService;
}

/**
 * Several services on one listener, each below a path of its own: the longest path that a request begins with has it. A service
 * sees paths below its own, with the rest in `request.mountPath`. A path without its slash at the end is redirected to it. Paths
 * are compared as they were sent.
 *
 * It starts all of them, and stops all of them; each has its exchanges told.
 *
 * @param services - by path, with a slash at both ends.
 * @param options - of the listener: those of a single service count only where it has the listener to itself.
 * @throws TypeError, RangeError for a path or a service that cannot be.
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
  const told = (exchange: HttpExchange): unknown => {
    const { request } = exchange;
    const mount = request === undefined ? undefined : find(request.path);
    // Each is called, whatever another one throws.
    const hooks = [onExchange, mount?.service.onExchange];
    return Promise.all(hooks.map(async (hook) => hook?.(exchange)));
  };
  const isTold = onExchange !== undefined || all.some(({ service }) => service.onExchange !== undefined);
  const service = http(
    (request, context) => {
      const mount = find(request.path);
      if (mount === undefined || lacksSlash(all, request.path)) return answerBeside(all, request);
      return answerBelow(mount, request, context);
    },
    { ...options, onExchange: isTold ? told : undefined },
  );
  return { ...service, name: "mounts", ...lifeOf(new Set(all.map((mount) => mount.service))) };
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

function answerBelow(
  { path, service }: Mount,
  request: HttpRequest,
  context: HttpContext,
): HttpAnswer | Promise<HttpAnswer> {
  return service.request(path === "/" ? request : request.below(path.slice(0, -1)), context);
}

/** What somebody types who leaves the slash out, also where a service at a shorter path would have it. */
function lacksSlash(all: readonly Mount[], path: string): boolean {
  return all.some((mount) => mount.path === `${path}/`);
}

/** Of a path that is nobody's. */
function answerBeside(all: readonly Mount[], { method, path, rawQuery, mountPath }: HttpRequest): HttpAnswer {
  if (path === "*" && method === "OPTIONS") return { status: 204 };
  if (!lacksSlash(all, path)) return answerOfStatus(404);
  // RFC 9110, section 15.4.9: a method keeps its body.
  const query = rawQuery === undefined ? "" : `?${asSent(rawQuery)}`;
  return { status: 308, headers: { Location: `${mountPath}${path}/${query}` } };
}

/** All are started in their order, and those that were are stopped where one fails. */
function lifeOf(services: ReadonlySet<HttpService>): Required<Pick<HttpService, "start" | "stop">> {
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
        throw failures.length === 0 ? error : new AggregateError([error, ...failures], "Services failed");
      }
    },
    async stop() {
      const failures = await stopAll([...services]);
      if (failures.length > 1) throw new AggregateError(failures, "Services failed to stop");
      if (failures.length === 1) throw failures[0];
    },
  };
}

/** @returns what they have thrown. */
async function stopAll(services: readonly HttpService[]): Promise<readonly unknown[]> {
  const ends = await Promise.allSettled(services.map(async (service) => service.stop?.()));
  return ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
}
