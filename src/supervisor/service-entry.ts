import { isDeepStrictEqual } from "node:util";
import { SharedService } from "../server/shared-service.ts";
import type { Overview } from "../services/status/overview.ts";
import { checkListeners, loadService, type MakeService, versionOf } from "./load-service.ts";
import type { ServicePlan } from "./plan.ts";

/** A service of the plan, as it is: it runs, or it has failed. */
export type ServiceEntry = { readonly plan: ServicePlan } & (
  | { readonly shared: SharedService; readonly version: bigint | undefined }
  | { readonly shared: undefined; readonly error: unknown }
);

/** How services are made. */
export interface Workshop {
  readonly make: MakeService;
  readonly overview: Overview;
}

/** Makes a service, and starts it; whoever asks stops it. One that fails is an entry, too. */
export async function startedEntry(plan: ServicePlan, { make, overview }: Workshop): Promise<ServiceEntry> {
  try {
    const version = await versionOf(plan.source);
    const shared = new SharedService(await loadService(plan, version, make, overview));
    await shared.start();
    return { plan, shared, version };
  } catch (error) {
    return { plan, shared: undefined, error };
  }
}

/**
 * Those that run already and stay as they are, for what the plan says now: of the same name, or else one that had another name and is
 * no more.
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
