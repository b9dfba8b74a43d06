import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../server/time/clock.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { Overview } from "../services/status/overview.ts";
import { Backoff } from "./backoff.ts";
import { Group, type GroupOwner, type GroupState, type RunningServices } from "./group.ts";
import { checkHandshakes } from "./group-handshakes.ts";
import { type GroupPlan, groupsOf, PlanError } from "./group-plan.ts";
import { ListenerError } from "./listener-error.ts";
import type { MakeService } from "./load-service.ts";
import { OwnCertificate } from "./own-certificate.ts";
import { pairsOf } from "./pairs.ts";
import type { Plan, ServicePlan } from "./plan.ts";
import { ReloadError } from "./reload-error.ts";
import { RequestCounters } from "./request-counters.ts";
import { keptEntries, type ServiceEntry, startedEntry, type Workshop } from "./service-entry.ts";
import type { SupervisorEvent } from "./supervisor-event.ts";
import { overviewOf } from "./supervisor-overview.ts";

/** The grace of drained services: their connections may go on without limit. */
const MAX_GRACE_MS = 2_147_483_647;

/** The dependencies and options of a supervisor. */
export interface SupervisorOptions {
  readonly make: MakeService;
  readonly clock?: Clock | undefined;
  readonly onEvent?: ((event: SupervisorEvent) => void) | undefined;
}

/** Runs the services of a plan, and can change to another plan while they run. It executes calls one after the other. */
export class Supervisor {
  /** The view of all running services. */
  readonly overview: Overview;
  readonly #workshop: Workshop;
  readonly #onEvent: (event: SupervisorEvent) => void;
  readonly #owner: GroupOwner;
  readonly #requests = new Map<string, RequestCounters>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #leaving = new Set<Group>();
  readonly #ownCertificate = new OwnCertificate((event) => this.#onEvent(event));
  #entries: readonly ServiceEntry[] = [];
  #groups: readonly Group[] = [];
  #drained: ReadonlySet<string> = new Set();
  #queue: Promise<unknown> = Promise.resolve();
  /** Services that are starting. */
  #coming: readonly ServicePlan[] = [];
  readonly #closing = new AbortController();

  constructor({ make, clock = systemClock, onEvent = () => undefined }: SupervisorOptions) {
    this.#onEvent = onEvent;
    this.#owner = {
      clock,
      requestsOf: (service) => this.#requestsOf(service),
      onError: (group, error, peer) => this.#groupFailed(group, error, peer),
    };
    this.overview = overviewOf({
      entries: () => this.#entries,
      groups: () => this.#groups,
      leaving: () => [...this.#leaving],
      isDrained: (service) => this.#drained.has(service),
      requestsOf: (service) => this.#requests.get(service),
    });
    this.#workshop = { make, overview: this.overview, clock, closing: this.#closing.signal };
  }

  /**
   * Starts all services, and opens all listeners. It tries a failed service again, and shows its error meanwhile.
   *
   * @throws ListenerError for a listener that cannot be opened · PlanError. Then nothing runs.
   */
  start({ services }: Pick<Plan, "services">): Promise<void> {
    return this.#inOrder(async () => {
      groupsOf({ services });
      const entries = await this.#started(services);
      try {
        await this.#use(entries, new Set());
      } catch (error) {
        await this.#stopAll(entries);
        throw error;
      }
    });
  }

  /**
   * Changes to another plan, completely or not at all. Unchanged services go on. Changed services serve new connections, while open
   * connections keep the previous version. Removed services have their grace.
   *
   * @throws ReloadError for services that cannot be created · ListenerError · PlanError. Then nothing has changed.
   */
  reload({ services }: Pick<Plan, "services">): Promise<void> {
    return this.#inOrder(async () => {
      groupsOf({ services });
      const before = this.#entries;
      const kept = await keptEntries(services, before);
      const made = services.filter((plan) => !kept.has(plan));
      const started = await this.#started(made);
      const all = new Map([...kept, ...started.map((entry): [ServicePlan, ServiceEntry] => [entry.plan, entry])]);
      try {
        this.#checkStarted(started);
        const entries = services.flatMap((plan) => all.get(plan) ?? []);
        await this.#use(entries, new Set());
      } catch (error) {
        await this.#stopAll(started);
        throw error;
      }
      const stays = new Set([...all.values()].map(({ shared }) => shared));
      await this.#stopAll(before.filter(({ shared }) => !stays.has(shared)));
    });
  }

  /**
   * Stops accepting connections, for one service or for all; open connections finish. A reload ends this state.
   *
   * @returns false if there is no service of this name.
   */
  drain(service?: string): Promise<boolean> {
    return this.#inOrder(async () => {
      const names = this.#entries
        .map(({ plan }) => plan.name)
        .filter((name) => service === undefined || name === service);
      if (service !== undefined && names.length === 0) return false;
      await this.#use(this.#entries, new Set([...this.#drained, ...names]), MAX_GRACE_MS);
      return true;
    });
  }

  /** Ends all services: each has its own grace, or the given one. */
  async close(graceMs?: number): Promise<void> {
    this.#closing.abort();
    for (const backoff of this.#backoffs.values()) backoff.stop();
    const plans = [...this.#entries.map(({ plan }) => plan), ...this.#coming];
    const graces = [...plans.map((plan) => plan.graceMs), ...[...this.#leaving].map(graceOf)];
    // A call that is under way, such as the stop of a service, may never end.
    await Promise.race([this.#queue, this.#over(graceMs ?? Math.max(0, ...graces))]);
    const closed = [...this.#groups, ...this.#leaving].map((group) => group.close(graceMs ?? graceOf(group)));
    // First those of the supervisor: a service is then stopped by the last of its servers, within the grace.
    const stopped = this.#stopAll(this.#entries);
    await Promise.all(closed);
    await Promise.race([stopped, this.#over(0)]);
    this.#groups = [];
    this.#entries = [];
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #started(plans: readonly ServicePlan[]): Promise<readonly ServiceEntry[]> {
    this.#coming = plans;
    const entries = await Promise.all(plans.map((plan) => startedEntry(plan, this.#workshop)));
    this.#coming = [];
    return entries;
  }

  #over(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#owner.clock.after(delayMs, resolve));
  }

  #checkStarted(started: readonly ServiceEntry[]): void {
    const failed = started.flatMap((entry) => (entry.shared === undefined ? [entry] : []));
    // One that has failed all the time holds up no reload: its own retries go on.
    const isNews = ({ plan }: ServiceEntry): boolean =>
      !this.#entries.some(
        (entry) =>
          entry.shared === undefined &&
          entry.plan.name === plan.name &&
          isDeepStrictEqual(entry.plan.source, plan.source),
      );
    const news = failed.filter(isNews);
    if (news.length > 0) throw new ReloadError(news.map(({ plan, error }) => ({ service: plan.name, error })));
  }

  /** Opens all groups or none. Takes the new entries over after the last step that can fail. */
  async #use(entries: readonly ServiceEntry[], drained: ReadonlySet<string>, leaveMs?: number): Promise<void> {
    if (this.#isClosing) throw new Error("all services end: nothing is opened any more");
    const running: RunningServices = new Map(
      entries.flatMap(({ plan, shared }) =>
        shared === undefined || drained.has(plan.name) ? [] : [[plan.name, shared]],
      ),
    );
    const wanted = groupsOf({ services: entries.map(({ plan }) => plan) })
      .filter(({ isHttp, services }) => services.some((name) => (isHttp ? !drained.has(name) : running.has(name))))
      .map((group) => this.#withCertificates(group));
    // All before any of them changes: a file that cannot be used leaves every listener as it is.
    if (leaveMs === undefined) for (const group of wanted) await checkHandshakes(group);
    const before = new Set(this.#places());
    const groups = await this.#switch(wanted, running, leaveMs === undefined);
    const left = this.#groups.filter((group) => !groups.includes(group));
    const graces = new Map([...this.#entries, ...entries].map(({ plan }) => [plan.name, leaveMs ?? plan.graceMs]));
    this.#groups = groups;
    this.#entries = entries;
    this.#drained = drained;
    for (const group of left) this.#leave(group, leaveMs ?? graceOf(group));
    for (const group of groups) group.takeOut((service) => (leaveMs === undefined ? graces.get(service) : undefined));
    this.#watchFailures();
    for (const { name, urls } of this.overview.services()) {
      for (const url of urls) {
        if (!before.has(`${name} ${url}`)) this.#onEvent({ event: "listening", service: name, url });
      }
    }
  }

  #withCertificates(group: GroupPlan): GroupPlan {
    const { listeners, limits } = group;
    return { ...group, listeners: listeners.map((listener) => this.#ownCertificate.addTo(listener, limits)) };
  }

  /** Returns each service's name with each of its URLs. */
  #places(): readonly string[] {
    return this.overview.services().flatMap(({ name, urls }) => urls.map((url) => `${name} ${url}`));
  }

  /** Opens new groups and changes existing ones; on failure, restores the previous state. */
  async #switch(wanted: readonly GroupPlan[], running: RunningServices, isReload: boolean): Promise<readonly Group[]> {
    const pairs = pairsOf(this.#groups, wanted);
    const opened: Group[] = [];
    const changed: { readonly group: Group; readonly before: GroupState }[] = [];
    const groups: Group[] = [];
    try {
      for (const plan of wanted) {
        const same = pairs.get(plan);
        if (same === undefined) {
          const group = await Group.open(plan, running, this.#owner);
          opened.push(group);
          groups.push(group);
          continue;
        }
        const { state } = same;
        groups.push(same);
        const next = same.next(plan, running);
        // A reload reads the files of TLS again; a drain does not depend on them.
        if (!isReload && next.service === state.service) continue;
        await same.use(next);
        changed.push({ group: same, before: state });
      }
      return groups;
    } catch (error) {
      await Promise.all(opened.map((group) => group.close(0)));
      for (const { group, before } of changed.reverse()) await this.#restore(group, before);
      throw this.#explained(error);
    }
  }

  /** Returns a PlanError if this supervisor itself uses the address, else the error. */
  #explained(error: unknown): unknown {
    if (!(error instanceof ListenerError) || error.code !== "EADDRINUSE") return error;
    const holder = this.#groups.find(({ urls }) => urls.includes(error.url));
    if (holder === undefined) return error;
    return new PlanError(
      `${error.url} is open for ${nameOf(holder)}, and cannot go to ${error.service} at once: take it out, reload, and add it there`,
    );
  }

  async #restore(group: Group, before: GroupState): Promise<void> {
    try {
      await group.use(before);
    } catch (error) {
      // Another process has taken an address that it had open before.
      this.#groupFailed(group, error, undefined);
    }
  }

  #leave(group: Group, graceMs: number): void {
    this.#backoffs.get(nameOf(group))?.stop();
    this.#leaving.add(group);
    void group.close(graceMs).then(() => this.#leaving.delete(group));
  }

  /** Schedules new attempts for failed services and listeners, and resets those that work. */
  #watchFailures(): void {
    const failed = new Map(
      this.#entries.flatMap((entry) => (entry.shared === undefined ? [[entry.plan.name, entry]] : [])),
    );
    for (const [name, backoff] of this.#backoffs) {
      if (failed.has(name) || this.#groups.some((group) => nameOf(group) === name && group.failure !== undefined))
        continue;
      backoff.stop();
      this.#backoffs.delete(name);
    }
    for (const { plan, error } of failed.values()) {
      if (this.#backoffs.get(plan.name)?.isWaiting === true) continue;
      this.#failed(plan.name, error, () => this.#retry(plan.name));
    }
  }

  #failed(service: string, error: unknown, retry: () => Promise<void>): void {
    if (this.#isClosing) return;
    const backoff = this.#backoffs.get(service) ?? new Backoff(this.#owner.clock);
    this.#backoffs.set(service, backoff);
    const retryMs = backoff.failed(() => void this.#inOrder(retry));
    this.#onEvent({ event: "failed", service, error, retryMs });
  }

  async #retry(service: string): Promise<void> {
    const failed = this.#entries.find(({ plan, shared }) => plan.name === service && shared === undefined);
    // A reload has replaced it meanwhile.
    if (this.#isClosing || failed === undefined) return;
    const { plan } = failed;
    const goesOn = failed.shared === undefined && failed.isLoading?.() === true;
    const entry = goesOn ? failed : await startedEntry(plan, this.#workshop);
    const withEntry = (other: ServiceEntry): readonly ServiceEntry[] =>
      this.#entries.map((each) => (each === failed ? other : each));
    try {
      await this.#use(withEntry(entry), this.#drained);
      if (entry.shared !== undefined) this.#onEvent({ event: "recovered", service });
    } catch (error) {
      await this.#stopAll([entry]);
      this.#entries = withEntry({ plan, shared: undefined, error });
      this.#watchFailures();
    }
  }

  #groupFailed(group: Group, error: unknown, peer: Peer | undefined): void {
    const isLost = peer === undefined && this.#groups.includes(group) && group.hasLostListener;
    const service = nameOf(group);
    if (!isLost || group.failure !== undefined) {
      this.#onEvent({ event: "error", service, error, peer });
      return;
    }
    group.failure = error;
    this.#failed(service, error, () => this.#reopen(group));
  }

  async #reopen(group: Group): Promise<void> {
    if (this.#isClosing || !this.#groups.includes(group) || group.failure === undefined) return;
    try {
      await group.use(group.state);
      this.#backoffs.get(nameOf(group))?.succeeded();
      this.#onEvent({ event: "recovered", service: nameOf(group) });
    } catch (error) {
      group.failure = error;
      this.#failed(nameOf(group), error, () => this.#reopen(group));
    }
  }

  #requestsOf(service: string): RequestCounters {
    const counters = this.#requests.get(service) ?? new RequestCounters();
    this.#requests.set(service, counters);
    return counters;
  }

  async #stopAll(entries: readonly ServiceEntry[]): Promise<void> {
    const stop = async ({ plan, shared }: ServiceEntry): Promise<void> => {
      try {
        await shared?.stop();
      } catch (error) {
        this.#onEvent({ event: "error", service: plan.name, error, peer: undefined });
      }
    };
    await Promise.all(entries.map(stop));
  }

  #inOrder<Result>(task: () => Promise<Result>): Promise<Result> {
    const done = this.#queue.then(task);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

function nameOf(group: Group): string {
  return group.services.join(", ");
}

function graceOf(group: Group): number {
  return group.state.plan.graceMs;
}
