import type { Clock } from "../../server/time/clock.ts";
import { Resource } from "./resource.ts";
import type { NoResource } from "./resource-loader.ts";
import { Semaphore } from "./semaphore.ts";

/** From then on a file that is asked for is looked at again, while it is served as it was. */
export const RENEW_AFTER_MS = 500;
/** What was found of a file holds for so long: what has changed is seen within it. */
export const MAX_RESOURCE_AGE_MS = 1_000;
/** The default of `cacheBytes`: memory for files and their answers; beyond it, the cache drops the oldest. */
export const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/** The default of `cacheDescriptors`: open descriptors of files that are too large for memory; beyond it, the cache closes the oldest. */
export const DEFAULT_CACHE_DESCRIPTORS = 512;
/** Limits the files opened at once; others wait. */
export const MAX_OPENINGS = 64;

interface Entry {
  readonly path: string;
  resource: Resource;
  checkedAtMs: number;
  isUsed: boolean;
}

/** What was found, or what is wrong. */
export type Found = Resource | NoResource;
type Load = (path: string, known: Resource | undefined) => Promise<Found>;

/**
 * The cache of recently requested files. It checks a file again before it serves it if the entry is older than {@link MAX_RESOURCE_AGE_MS},
 * or if the open file has changed, because its length and tag would be those of other content. It does not remember missing files, so
 * that a new file is found at once.
 */
export class ResourceCache {
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Found>>();
  readonly #openings = new Semaphore(MAX_OPENINGS);
  readonly #load: Load;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #maxDescriptors: number;
  #bytes = 0;
  #descriptors = 0;
  #expiredAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(load: Load, limits: { readonly maxBytes: number; readonly maxDescriptors: number }, clock: Clock) {
    this.#load = load;
    this.#maxBytes = limits.maxBytes;
    this.#maxDescriptors = limits.maxDescriptors;
    this.#clock = clock;
  }

  /** The file under a path, at once where it is known. */
  get(path: string): Found | Promise<Found> {
    const entry = this.#entries.get(path);
    if (entry === undefined) return this.#find(path, undefined);
    const ageMs = this.#clock.now() - entry.checkedAtMs;
    const isOld = ageMs >= MAX_RESOURCE_AGE_MS || entry.checkedAtMs <= this.#expiredAtMs;
    if (isOld || !entry.resource.isCurrent) return this.#find(path, entry.resource);
    // Whoever waits for it is told what is wrong with it, once it is too old.
    if (ageMs >= RENEW_AFTER_MS) this.#find(path, entry.resource).catch(() => undefined);
    entry.isUsed = true;
    return entry.resource;
  }

  /** Something has changed: each file is looked at again before it is served, and a look that has begun before does not count. */
  expire(): void {
    this.#expiredAtMs = this.#clock.now();
    this.#loading.clear();
  }

  /** Lets everything go; what is being sent is sent to its end. */
  close(): void {
    this.#isClosed = true;
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }

  /** All that ask for a file meanwhile wait for one look. */
  #find(path: string, known: Resource | undefined): Promise<Found> {
    const loading = this.#loading.get(path);
    if (loading !== undefined) return loading;
    const found = this.#look(path, known).finally(() => {
      if (this.#loading.get(path) === found) this.#loading.delete(path);
    });
    this.#loading.set(path, found);
    return found;
  }

  #look(path: string, known: Resource | undefined): Promise<Found> {
    return this.#openings.run(async () => {
      // Of the time before the look: what changes during it is seen by the next one.
      const checkedAtMs = this.#clock.now();
      let found = await this.#load(path, known);
      // What was let go during the look is closed by now, or soon.
      if (found === known && this.#entries.get(path)?.resource !== known) found = await this.#load(path, undefined);
      this.#keep(path, found, checkedAtMs);
      return found;
    });
  }

  #keep(path: string, found: Found, checkedAtMs: number): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined && entry.resource === found) {
      entry.checkedAtMs = checkedAtMs;
      return;
    }
    if (entry !== undefined) this.#remove(entry);
    if (!(found instanceof Resource)) return;
    this.#entries.set(path, { path, resource: found, checkedAtMs, isUsed: true });
    this.#bytes += found.heldBytes;
    this.#descriptors += found.descriptors;
    if (this.#isClosed) this.close();
    else this.#evict();
  }

  /** The oldest goes; one that was asked for since it was looked at here has a second chance. */
  #evict(): void {
    for (const entry of this.#entries.values()) {
      if (this.#bytes <= this.#maxBytes && this.#descriptors <= this.#maxDescriptors) return;
      const { isUsed } = entry;
      if (!isUsed) this.#remove(entry);
      else {
        entry.isUsed = false;
        this.#entries.delete(entry.path);
        this.#entries.set(entry.path, entry);
      }
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.path);
    this.#bytes -= entry.resource.heldBytes;
    this.#descriptors -= entry.resource.descriptors;
    // Whoever has waited for it uses it in a microtask.
    setImmediate(() => entry.resource.close());
  }
}
