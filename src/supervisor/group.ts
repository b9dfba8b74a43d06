import { isDeepStrictEqual } from "node:util";
import type { HttpService } from "../http/service/http-service.ts";
import { mounts } from "../http/service/mounts.ts";
import type { ConnectionInfo } from "../server/connection-set.ts";
import type { ServeOptions } from "../server/serve-options.ts";
import { type CloseSummary, type Server, serve } from "../server/server.ts";
import type { Service } from "../server/service.ts";
import type { SharedService } from "../server/shared-service.ts";
import type { ConnectionsAlarm } from "../server/telemetry/connection-alarms.ts";
import type { ServerStats } from "../server/telemetry/server-counters.ts";
import type { Clock } from "../server/time/clock.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { OverviewAlarm } from "../services/status/overview.ts";
import type { GroupPlan } from "./group-plan.ts";
import { LastAnswers } from "./last-answers.ts";
import { ListenerError } from "./listener-error.ts";
import { absentService, MountedService } from "./mounted-service.ts";
import type { GroupKey } from "./pairs.ts";
import type { RequestCounters } from "./request-counters.ts";

/** Those that run, by name; one that has failed, or is drained, is not among them. */
export type RunningServices = ReadonlyMap<string, SharedService>;

/** What a group needs of its supervisor. */
export interface GroupOwner {
  readonly clock: Clock;
  /** What a service has answered, also before a reload. */
  requestsOf(service: string): RequestCounters;
  /** Without a peer a listener may have failed: see {@link Group.hasLostListener}. */
  onError(group: Group, error: unknown, peer: Peer | undefined): void;
}

/** What a group goes by from its opening, or from a reload. */
export interface GroupState {
  readonly plan: GroupPlan;
  readonly running: RunningServices;
  readonly service: Service;
  readonly mounted: readonly MountedService[];
  /** By their level. */
  readonly raised: Map<number, OverviewAlarm>;
}

/** One server, and what it serves: a service's own listeners, or an HTTP listener that several services may share. */
export class Group implements GroupKey {
  readonly #owner: GroupOwner;
  readonly #server: Server;
  readonly #answers: LastAnswers;
  #state: GroupState;
  /** All that still have connections. */
  #mounted: readonly MountedService[];
  /** What aborts connections at the end of a grace. */
  readonly #graces = new Set<() => void>();
  /** Why a listener is lost, as long as it is. */
  failure: unknown;

  private constructor(...[owner, server, answers, state]: [GroupOwner, Server, LastAnswers, GroupState]) {
    this.#owner = owner;
    this.#server = server;
    this.#answers = answers;
    this.#state = state;
    this.#mounted = state.mounted;
  }

  /** @throws ListenerError. */
  static async open(plan: GroupPlan, running: RunningServices, owner: GroupOwner): Promise<Group> {
    let group: Group | undefined;
    const answers = new LastAnswers(() => (group?.connections() ?? []).map(({ id }) => id));
    const state = stateOf(plan, running, undefined, { answers, owner });
    const options = optionsOf(state, (error, peer) => group !== undefined && owner.onError(group, error, peer));
    try {
      const server = await serve(plan.listeners, state.service, options);
      group = new Group(owner, server, answers, state);
      return group;
    } catch (error) {
      throw new ListenerError(plan.services.join(", "), plan.urls, error);
    }
  }

  get isHttp(): boolean {
    return this.#state.plan.isHttp;
  }

  get services(): readonly string[] {
    return this.#state.plan.services;
  }

  /** As they were asked for, and with the real ports. */
  get urls(): readonly string[] {
    return [...new Set([...this.#state.plan.urls, ...this.#server.urls])];
  }

  /** Where it serves now, with the real ports. */
  get liveUrls(): readonly string[] {
    return this.#server.urls;
  }

  get state(): GroupState {
    return this.#state;
  }

  get hasLostListener(): boolean {
    return this.#server.urls.length < this.#state.plan.listeners.length;
  }

  /** What it is to go by next; its service is the same as long as nothing of it has changed. */
  next(plan: GroupPlan, running: RunningServices): GroupState {
    return stateOf(plan, running, this.#state, { answers: this.#answers, owner: this.#owner });
  }

  /**
   * Goes by another state, also by one that it has had before: all of it, or nothing.
   *
   * @throws ListenerError.
   */
  async use(state: GroupState): Promise<void> {
    const { listeners, services, urls } = state.plan;
    const options = optionsOf(state, (error, peer) => this.#owner.onError(this, error, peer));
    try {
      await this.#server.reload({ listeners, service: state.service, options });
    } catch (error) {
      throw new ListenerError(services.join(", "), urls, error);
    }
    this.#state = state;
    this.failure = undefined;
    const all = new Set([...this.#mounted, ...state.mounted]);
    this.#mounted = [...all].filter(({ isStopped }) => !isStopped);
  }

  /**
   * Connections that are open lose what does not run any more: at their next request, and with the grace of a service what is under
   * way.
   */
  takeOut(graceOf: (service: string) => number | undefined): void {
    const gone = this.#mounted.filter(({ name }) => !this.#state.running.has(name));
    for (const mounted of gone) mounted.takeOut();
    for (const name of new Set(gone.map((mounted) => mounted.name))) {
      const graceMs = graceOf(name);
      if (graceMs !== undefined) this.#abortAfter(graceMs, name);
    }
  }

  stats(): ServerStats {
    return this.#server.stats();
  }

  connections(): readonly ConnectionInfo[] {
    return this.#server.connections();
  }

  abort(id: number): boolean {
    return this.#server.abort(id);
  }

  /** Which service has a connection: the one that answered last. */
  serviceOf(connectionId: number): string {
    return this.#answers.get(connectionId) ?? this.#state.plan.mounts?.at(0)?.service ?? this.services[0] ?? "";
  }

  alarms(): readonly OverviewAlarm[] {
    return [...this.#state.raised.values()];
  }

  close(graceMs: number): Promise<CloseSummary> {
    for (const cancel of this.#graces) cancel();
    return this.#server.close({ graceMs });
  }

  #abortAfter(graceMs: number, service: string): void {
    const cancel = this.#owner.clock.after(graceMs, () => {
      this.#graces.delete(cancel);
      this.#abortConnectionsOf(service);
    });
    this.#graces.add(cancel);
  }

  #abortConnectionsOf(service: string): void {
    if (this.#state.running.has(service)) return;
    for (const { id } of this.connections()) if (this.#answers.get(id) === service) this.abort(id);
  }
}

/** What the services of a group record. */
interface Records {
  readonly answers: LastAnswers;
  readonly owner: GroupOwner;
}

function stateOf(
  plan: GroupPlan,
  running: RunningServices,
  before: GroupState | undefined,
  records: Records,
): GroupState {
  const own = new Map([...running].filter(([name]) => plan.services.includes(name)));
  const isSame =
    before !== undefined &&
    isDeepStrictEqual(shapeOf(before.plan), shapeOf(plan)) &&
    plan.services.every((name) => before.running.get(name) === own.get(name));
  const { service, mounted } = isSame ? before : serviceOf(plan, own, records);
  return { plan, running: own, service, mounted, raised: new Map() };
}

/** What the service of a group is made of, besides those that run. */
function shapeOf({ services, mounts: places, http }: GroupPlan): unknown {
  return [services, places, places && http];
}

function serviceOf(
  plan: GroupPlan,
  running: RunningServices,
  records: Records,
): Pick<GroupState, "service" | "mounted"> {
  const name = plan.services.join("+");
  const { mounts: places } = plan;
  if (places === undefined) return { service: ownService(name, running.get(name)), mounted: [] };
  const mounted = [...running].map(
    ([each, shared]) =>
      new MountedService(each, shared, { answers: records.answers, requests: records.owner.requestsOf(each) }),
  );
  const at = ({ path, service }: (typeof places)[number]): [string, HttpService] => [
    path,
    mounted.find((each) => each.name === service) ?? absentService(service),
  ];
  return { service: { ...mounts(Object.fromEntries(places.map(at)), plan.http), name }, mounted };
}

/** A service on listeners of its own. */
function ownService(name: string, shared: SharedService | undefined): Service {
  if (shared === undefined) throw new TypeError(`the service ${name} does not run`);
  const { service } = shared;
  return {
    name,
    protocols: service.protocols,
    ...(service.stream && { stream: (connection) => service.stream?.(connection) }),
    ...(service.datagram && { datagram: (message) => service.datagram?.(message) }),
    start: () => shared.start(),
    stop: () => shared.stop(),
  };
}

function optionsOf({ plan, raised }: GroupState, onError: NonNullable<ServeOptions["onError"]>): ServeOptions {
  return { ...plan.limits, onError, onAlarm: (alarm) => record(raised, plan.services, alarm) };
}

function record(raised: Map<number, OverviewAlarm>, services: readonly string[], alarm: ConnectionsAlarm): void {
  const { isRaised, connections, raiseAt } = alarm;
  if (isRaised) raised.set(raiseAt, { services, connectionsActive: connections, raiseAt, sinceMs: Date.now() });
  else raised.delete(raiseAt);
}
