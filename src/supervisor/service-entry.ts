import { isDeepStrictEqual } from "node:util";
import { SharedService } from "../server/shared-service.ts";
import type { Clock } from "../server/time/clock.ts";
import type { Overview } from "../services/status/overview.ts";
import { checkListeners, loadService, type MakeService, versionOf } from "./load-service.ts";
import type { ServicePlan } from "./plan.ts";

/** From the import of a module to the end of its start. What takes longer has failed, and holds up nothing else. */
export const LOAD_TIMEOUT_MS = 30_000;

/** The state of a service of the plan: it runs, or it has failed. */
export type ServiceEntry = { readonly plan: ServicePlan } & (
  | { readonly shared: SharedService; readonly version: bigint | undefined }
  | FailedLoad
);

interface FailedLoad {
  readonly shared: undefined;
  readonly error: unknown;
  /** Whether its load still goes on: of a module whose import never ends, each further one would not end either. */
  readonly isLoading?: (() => boolean) | undefined;
}

/** The dependencies for creating and starting services. */
export interface Workshop {
  readonly make: MakeService;
  readonly overview: Overview;
  readonly clock: Clock;
  /** Once it is aborted, no start is awaited. */
  readonly closing: AbortSignal;
}

/** Creates and starts a service; the caller stops it. A service that fails or takes too long results in a failed entry. */
export async function startedEntry(plan: ServicePlan, workshop: Workshop): Promise<ServiceEntry> {
  const { clock, closing } = workshop;
  let isLoading = true;
  const loaded = load(plan, workshop).finally(() => {
    isLoading = false;
  });
  return await new Promise((resolve) => {
    const giveUp = (error: Error): void => {
      // The caller no longer waits for it.
      void loaded.then(({ shared }) => shared?.stop()).catch(() => undefined);
      settle({ plan, shared: undefined, error, isLoading: () => isLoading });
    };
    const isClosing = (): void => giveUp(new Error("it was not waited for, since all services end"));
    const callOff = clock.after(LOAD_TIMEOUT_MS, () => giveUp(tooLate()));
    const settle = (entry: ServiceEntry): void => {
      callOff();
      closing.removeEventListener("abort", isClosing);
      resolve(entry);
    };
    closing.addEventListener("abort", isClosing, { once: true });
    void loaded.then(settle);
    if (closing.aborted) isClosing();
  });
}

async function load(plan: ServicePlan, { make, overview }: Workshop): Promise<ServiceEntry> {
  try {
    const version = await versionOf(plan.source);
    const shared = new SharedService(await loadService(plan, version, make, overview));
    await shared.start();
    return { plan, shared, version };
  } catch (error) {
    return { plan, shared: undefined, error };
  }
}

function tooLate(): Error {
  return new Error(
    `it does not run after ${LOAD_TIMEOUT_MS / 1_000} s: its import, its function or its start has not ended`,
  );
}

/**
 * Returns the running services that stay unchanged under the new plan: those of the same name, or of a former name that the plan no
 * longer has.
 */
export async function keptEntries(
  plans: readonly ServicePlan[],
  running: readonly ServiceEntry[],
): Promise<ReadonlyMap<ServicePlan, ServiceEntry>> {
  const names = new Set(plans.map(({ name }) => name));
  const kept = new Map<ServicePlan, ServiceEntry>();
  const used = new Set<ServiceEntry>();
  for (const plan of plans) {
    const version = await versionOf(plan.source).catch(() => undefined);
    const same = running.find(
      (entry) =>
        (entry.plan.name === plan.name || !names.has(entry.plan.name)) &&
        !used.has(entry) &&
        entry.shared !== undefined &&
        entry.version === version &&
        isDeepStrictEqual(entry.plan.source, plan.source),
    );
    if (same?.shared === undefined) continue;
    checkListeners(plan, same.shared.service);
    used.add(same);
    kept.set(plan, { ...same, plan });
  }
  return kept;
}
