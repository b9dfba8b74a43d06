import type { HttpOptions } from "../http/service/http-options.ts";
import type { ListenerOptions } from "../server/listener-options.ts";
import type { ServeOptions } from "../server/serve-options.ts";
import { isOverNode } from "../server/transport/transports.ts";
import { baseOf } from "../server/url/schemes.ts";
import { formatSocketUrl, parseSocketUrl, plainUrl } from "../server/url/socket-url.ts";
import { KINDS } from "./kinds.ts";
import type { GroupKey } from "./pairs.ts";
import type { Plan, ServicePlan } from "./plan.ts";

/** The plan of a service mounted below a path. */
interface MountPlan {
  readonly path: string;
  readonly service: string;
}

/** The plan of one server: all plain listeners of a service, or an HTTP listener with all services mounted on it. */
export interface GroupPlan extends GroupKey {
  readonly listeners: readonly ListenerOptions[];
  /** Undefined if the listeners belong to one service. */
  readonly mounts: readonly MountPlan[] | undefined;
  /** The limits of the service; services that share a listener have the same. */
  readonly limits: ServeOptions;
  readonly http: HttpOptions;
  /** The longest grace of its services. */
  readonly graceMs: number;
}

/** The error of a plan in which two services claim the same path, or give one listener different options. */
export class PlanError extends Error {
  /** Always `"ERR_SOCKWRIGHT_PLAN"`. */
  readonly code = "ERR_SOCKWRIGHT_PLAN";

  constructor(message: string) {
    super(message);
    this.name = "PlanError";
  }
}

/**
 * Groups the listeners of a plan by server.
 *
 * @throws PlanError if two services contradict each other · SocketUrlError.
 */
export function groupsOf({ services }: Pick<Plan, "services">): readonly GroupPlan[] {
  const own = services.flatMap((service) => ownGroup(service) ?? []);
  return [...own, ...[...httpAddresses(services).values()].map(httpGroup)];
}

function ownGroup(service: ServicePlan): GroupPlan | undefined {
  const { name, listeners, limits, http, graceMs } = service;
  const own = listeners.flatMap(({ listener, mount }) =>
    mount === undefined ? [withUserTimeout(listener, service)] : [],
  );
  if (own.length === 0) return undefined;
  return { ...placeOf(own, [name], false), mounts: undefined, limits, http, graceMs };
}

/** Returns the listener with the default `userTimeoutMs` of its kind of service, if none is given and the socket has that option. */
function withUserTimeout(listener: ListenerOptions, { source, limits }: ServicePlan): ListenerOptions {
  const userTimeoutMs = source.type === "kind" ? KINDS.get(source.kind)?.userTimeoutMs : undefined;
  const url = parseSocketUrl(listener.url);
  const isSaid =
    listener.userTimeoutMs ?? limits.userTimeoutMs ?? ("userTimeoutMs" in url ? url.userTimeoutMs : undefined);
  const isLeft = isSaid !== undefined || baseOf(url) !== "tcp" || isOverNode(listener.transport ?? limits.transport);
  return isLeft ? listener : { ...listener, userTimeoutMs };
}

interface Mounted {
  readonly listener: ListenerOptions;
  readonly mount: string;
  readonly service: ServicePlan;
}

/** Returns the mounted services by address. Port 0 is a new port each time, so services do not share it. */
function httpAddresses(services: readonly ServicePlan[]): ReadonlyMap<string, readonly Mounted[]> {
  const found = new Map<string, Mounted[]>();
  for (const service of services) {
    for (const { listener, mount } of service.listeners) {
      if (mount === undefined) continue;
      const url = parseSocketUrl(listener.url);
      const isOfAnyPort = "port" in url && url.port === 0;
      const address = isOfAnyPort ? `${found.size} of port 0` : formatSocketUrl(plainUrl(url));
      const same = found.get(address) ?? [];
      same.push({ listener, mount, service });
      found.set(address, same);
    }
  }
  return found;
}

function httpGroup(all: readonly Mounted[]): GroupPlan {
  const [root, ...others] = all.toSorted((one, other) => one.mount.length - other.mount.length);
  if (root === undefined) throw new TypeError("a listener has nothing mounted on it");
  const { service } = root;
  // An option that only one of the services gives applies to all.
  const listener: ListenerOptions = Object.assign({}, ...all.map((each) => each.listener), root.listener);
  for (const [index, { mount, service: own }] of all.entries()) {
    const earlier = all.slice(0, index).find((each) => each.mount === mount);
    if (earlier === undefined) continue;
    throw new PlanError(`${listener.url} has ${mount} twice: for ${earlier.service.name}, and for ${own.name}`);
  }
  return {
    ...placeOf([listener], [...new Set(all.map((each) => each.service.name))], true),
    mounts: [root, ...others].map((each) => ({ path: each.mount, service: each.service.name })),
    limits: service.limits,
    http: service.http,
    graceMs: Math.max(...all.map((each) => each.service.graceMs)),
  };
}

function placeOf(
  listeners: readonly ListenerOptions[],
  services: readonly string[],
  isHttp: boolean,
): Pick<GroupPlan, "listeners" | keyof GroupKey> {
  return {
    listeners,
    services,
    isHttp,
    urls: listeners.map(({ url }) => formatSocketUrl(plainUrl(parseSocketUrl(url)))),
  };
}
