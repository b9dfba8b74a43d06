import { evaluatePreconditions } from "../../http/preconditions.ts";
import { PreparedResponse } from "../../http/service/prepared-response.ts";
import { isUnexpectedPromise } from "../../http/service/unexpected-promise.ts";
import type { Clock } from "../../server/time/clock.ts";
import { wrongType } from "../../socket/values.ts";
import { tagAtOnce } from "./content-tag.ts";
import { isConditional } from "./file-answer.ts";
import { type FileStat, isSameStat } from "./file-stat.ts";
import { REQUEST_VARIABLES, requestVariables } from "./page-variables.ts";
import { MAX_RESOURCE_AGE_MS, RENEW_AFTER_MS } from "./resource-cache.ts";
import type { Page, SiteRequest } from "./site.ts";
import type { SiteAnswer } from "./site-answer.ts";
import type { Template } from "./template/template.ts";
import type { Variables } from "./template/variables.ts";

/** Limits the cached pages of one template, one for each set of request values; beyond it, the oldest is dropped. */
export const MAX_KEPT_PAGES = 64;
/** Limits the size of a cached page; a larger one is rendered for each request. */
export const MAX_KEPT_PAGE_BYTES = 64 * 1024;
/** Limits the characters of the request values of a cached page; with longer values, the page is rendered for each request. */
export const MAX_KEPT_VALUES_LENGTH = 1_024;

/** Of what a template was read. */
interface Reading {
  /** Undefined where there is no file. */
  readonly stats: ReadonlyMap<string, FileStat | undefined>;
  /** Whether one of its files may change without its times showing it. */
  readonly isUnsettled: boolean;
}

type LoadedTemplate = Reading & { readonly template: Template };
type BrokenTemplate = Reading & { readonly error: unknown };
/** What was read, or what is wrong with it. */
export type ReadTemplate = LoadedTemplate | BrokenTemplate;

/** Where a page comes from. */
export interface PageSource {
  load(): Promise<ReadTemplate>;
  /** What a file is now; undefined where it is none. */
  stat(file: string): Promise<FileStat | undefined>;
  readonly variables: Variables;
  /** What the program says for each request. */
  readonly variablesOf: ((request: SiteRequest) => Variables) | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly clock: Clock;
  /** Stands behind the page. */
  readonly htmlSuffix: Uint8Array | undefined;
  /** Of a template that cannot be read any more, once for each state of it: the page stays as it was. */
  report(error: unknown): void;
}

interface Rendered {
  readonly etag: string;
  readonly page: PreparedResponse;
  readonly notModified: PreparedResponse;
}

/** A page that is made of a template. What changes of its files is seen within a second. */
export class TemplatePage implements Page {
  readonly #source: PageSource;
  #loaded: LoadedTemplate;
  /** The last one, which can be broken. */
  #read: ReadTemplate;
  #checkedAtMs: number;
  #expiredAtMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;
  readonly #kept = new Map<string, Rendered>();
  #namesOfRequest: readonly string[];

  constructor(loaded: LoadedTemplate, source: PageSource) {
    this.#source = source;
    this.#loaded = loaded;
    this.#read = loaded;
    this.#namesOfRequest = namesOfRequest(loaded.template);
    this.#checkedAtMs = source.clock.now();
  }

  get files(): readonly string[] {
    return this.#loaded.template.files;
  }

  answer(request: SiteRequest): SiteAnswer | Promise<SiteAnswer> {
    const ageMs = this.#source.clock.now() - this.#checkedAtMs;
    if (ageMs >= MAX_RESOURCE_AGE_MS || this.#checkedAtMs <= this.#expiredAtMs) return this.#renewed(request);
    if (ageMs >= RENEW_AFTER_MS) void this.#check();
    return this.#answer(request);
  }

  /** Something has changed: it is looked at again before it is sent, and a look that has begun before does not count. */
  expire(): void {
    this.#expiredAtMs = this.#source.clock.now();
    this.#checking = undefined;
  }

  async #renewed(request: SiteRequest): Promise<SiteAnswer> {
    await this.#check();
    return this.#answer(request);
  }

  #check(): Promise<void> {
    if (this.#checking !== undefined) return this.#checking;
    const checking = this.#look().finally(() => {
      if (this.#checking === checking) this.#checking = undefined;
    });
    this.#checking = checking;
    return checking;
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const checkedAtMs = this.#source.clock.now();
    const read = await this.#readAgain(this.#read);
    // One that began later has been quicker.
    if (checkedAtMs < this.#checkedAtMs) return;
    this.#checkedAtMs = checkedAtMs;
    this.#take(read);
  }

  async #readAgain(read: ReadTemplate): Promise<ReadTemplate> {
    try {
      return (await this.#hasChanged(read)) ? await this.#source.load() : read;
    } catch (error) {
      return { error, stats: new Map(), isUnsettled: true };
    }
  }

  async #hasChanged({ isUnsettled, stats }: ReadTemplate): Promise<boolean> {
    if (isUnsettled) return true;
    for (const [file, before] of stats) if (!isSameStat(await this.#source.stat(file), before)) return true;
    return false;
  }

  #take(read: ReadTemplate): void {
    const before = this.#read;
    this.#read = read;
    if (read === before) return;
    if ("error" in read) {
      if (!("error" in before && isSameState(before, read))) this.#source.report(read.error);
      return;
    }
    this.#loaded = read;
    this.#namesOfRequest = namesOfRequest(read.template);
    this.#kept.clear();
  }

  #answer(request: SiteRequest): SiteAnswer {
    const { page, notModified, etag } = this.#rendered(request);
    if (!isConditional(request.headers)) return page;
    const asked = evaluatePreconditions(request.method, request.headers, { etag }, Date.now());
    if (asked === "proceed") return page;
    return asked === "not-modified" ? notModified : { status: 412, headers: this.#source.headers, body: "" };
  }

  #rendered(request: SiteRequest): Rendered {
    const { variables, variablesOf } = this.#source;
    const [only] = this.#namesOfRequest.length === 0 ? this.#kept.values() : [];
    if (only !== undefined) return only;
    const ofRequest = requestVariables(request, Date.now());
    if (variablesOf !== undefined) {
      const own = variablesOf(request);
      if (isUnexpectedPromise(own)) throw wrongType("what variables() gives", "an object, and no promise", own);
      return this.#render({ ...variables, ...own, ...ofRequest }, true);
    }
    const values = this.#namesOfRequest.map((name) => valueAt(ofRequest, name));
    const key = JSON.stringify(values);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const made = this.#render({ ...variables, ...ofRequest }, values.length > 0);
    if (made.page.bodyBytes <= MAX_KEPT_PAGE_BYTES && key.length <= MAX_KEPT_VALUES_LENGTH) this.#keep(key, made);
    return made;
  }

  #keep(key: string, made: Rendered): void {
    const [oldest] = this.#kept.size >= MAX_KEPT_PAGES ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, made);
  }

  #render(variables: Variables, isPrivate: boolean): Rendered {
    const { htmlSuffix } = this.#source;
    const text = Buffer.from(this.#loaded.template.render(variables));
    const body = htmlSuffix === undefined ? text : Buffer.concat([text, htmlSuffix]);
    const etag = tagAtOnce(body);
    const validators = [
      ["ETag", etag],
      ["Cache-Control", isPrivate ? "private, no-cache" : "no-cache"],
      ...this.#source.headers,
    ] as const;
    return {
      etag,
      page: new PreparedResponse({ headers: [["Content-Type", "text/html; charset=utf-8"], ...validators], body }),
      notModified: new PreparedResponse({ status: 304, headers: validators }),
    };
  }
}

function isSameState(one: BrokenTemplate, other: BrokenTemplate): boolean {
  if (String(one.error) !== String(other.error) || one.stats.size !== other.stats.size) return false;
  return [...one.stats].every(([file, stat]) => isSameStat(stat, other.stats.get(file)));
}

/** The names of what comes from requests, each once: by their values a page is kept. */
function namesOfRequest(template: Template): readonly string[] {
  const names = template.names.map(({ name }) => name);
  return [...new Set(names)].filter((name) =>
    REQUEST_VARIABLES.some((each) => name === each || name.startsWith(`${each}.`)),
  );
}

function valueAt(variables: Variables, name: string): unknown {
  let value: unknown = variables;
  for (const key of name.split(".")) {
    value =
      typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
  }
  return value;
}
