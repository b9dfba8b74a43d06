import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { isHttpService } from "../http/service/http-service.ts";
import { type Service, type ServiceInput, serviceOf } from "../server/service.ts";
import { isDatagramUrl } from "../server/url/schemes.ts";
import { isInherited, parseSocketUrl } from "../server/url/socket-url.ts";
import type { Overview } from "../services/status/overview.ts";
import { codeOf } from "../socket/values.ts";
import type { ListenerPlan, ServicePlan, ServiceSource } from "./plan.ts";

/** Creates a built-in service by its kind. */
export type MakeService = (
  kind: string,
  options: Readonly<Record<string, unknown>>,
  context: { readonly service: string; readonly overview: Overview },
) => ServiceInput | Promise<ServiceInput>;

/** Returns the version of a module, its modification time. Undefined for a built-in service. */
export async function versionOf(source: ServiceSource): Promise<bigint | undefined> {
  if (source.type === "kind") return undefined;
  const stats = await stat(source.path, { bigint: true });
  // The import of a pipe would wait for who writes to it, in a thread that nothing ends: neither a signal nor an exit.
  if (!stats.isFile()) throw new Error(`${source.path} is no regular file and cannot be a module`);
  return stats.mtimeNs;
}

/**
 * Creates the service of a plan, and does not start it. It imports a module again for each modification time; Node keeps earlier versions
 * in memory as long as the process lives.
 *
 * @throws what the module, its function or the kind throws · Error for a service that cannot serve one of its listeners.
 */
export async function loadService(
  { name, source, listeners }: ServicePlan,
  version: bigint | undefined,
  make: MakeService,
  overview: Overview,
): Promise<Service> {
  const input =
    source.type === "kind"
      ? await make(source.kind, source.options, { service: name, overview })
      : await importService(source.path, source.options, version);
  const service = serviceOf(input);
  checkListeners({ name, listeners }, service);
  return service;
}

/** @throws Error for a service that cannot serve one of its listeners. */
export function checkListeners({ name, listeners }: Pick<ServicePlan, "name" | "listeners">, service: Service): void {
  for (const listener of listeners) checkListener(name, service, listener);
}

async function importService(
  path: string,
  options: Readonly<Record<string, unknown>>,
  version: bigint | undefined,
): Promise<ServiceInput> {
  const url = pathToFileURL(path);
  url.searchParams.set("mtime", String(version));
  const module: unknown = await import(url.href).catch((error: unknown) => {
    throw importError(path, error);
  });
  const exported = typeof module === "object" && module !== null && "default" in module ? module.default : undefined;
  if (isMaker(exported)) return (await makeService(path, exported, options)) as ServiceInput;
  if (exported === undefined) throw new Error(`${path} has no default export: write  export default { name, stream }`);
  if (typeof exported !== "object") {
    throw new Error(`${path} exports a ${typeof exported} by default: write  export default { name, stream }`);
  }
  return exported as ServiceInput;
}

type Maker = (options: Readonly<Record<string, unknown>>) => unknown;

function isMaker(exported: unknown): exported is Maker {
  return typeof exported === "function";
}

/** Calls the default function of a module. One that takes a connection, as those of `serve` do, fails with a TypeError: it gets advice. */
export async function makeService(
  path: string,
  make: Maker,
  options: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  try {
    return await make(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const advice = "the default function gets the options and returns a service, { name, stream }";
    throw new Error(`${path}: ${error.message}; ${advice}`, { cause: error });
  }
}

/**
 * Adds advice to an import error. V8's message for a syntax error has neither file nor line; only Node's own output shows them. Node 20
 * cannot import TypeScript.
 */
export function importError(path: string, error: unknown): unknown {
  if (codeOf(error) === "ERR_UNKNOWN_FILE_EXTENSION") {
    const advice = `this Node imports no ${extname(path)} files; write the module in JavaScript, or compile it first`;
    return new Error(`${path} cannot be imported: ${advice}`, { cause: error });
  }
  if (!(error instanceof SyntaxError)) return error;
  return new Error(`${path} cannot be imported: ${error.message}; node --check ${path}  shows where`, { cause: error });
}

function checkListener(name: string, service: Service, { listener, mount }: ListenerPlan): void {
  const lacks = (what: string): Error => new Error(`the service ${name} serves no ${what}: ${listener.url} needs them`);
  if (mount !== undefined) {
    if (!isHttpService(service)) throw lacks("requests of HTTP");
    return;
  }
  const url = parseSocketUrl(listener.url);
  // The type of an inherited socket is known only when the server takes it over.
  if (isInherited(url)) return;
  if (isDatagramUrl(url) && service.datagram === undefined) throw lacks("datagrams");
  if (!isDatagramUrl(url) && service.stream === undefined) throw lacks("connections");
}
