import { attempt } from "../../server/telemetry/attempt.ts";
import { errors } from "../../server/telemetry/channels.ts";
import { type Clock, systemClock } from "../../server/time/clock.ts";
import { CacheRules } from "./cache-rules.ts";
import { LiveReload, RELOAD_SUFFIX } from "./live-reload.ts";
import { ResourceCache } from "./resource-cache.ts";
import { ResourceLoader } from "./resource-loader.ts";
import { openRoot } from "./root.ts";
import { Site } from "./site.ts";
import { TemplatePages } from "./template-pages.ts";
import { DEFAULT_INDEX, DEFAULT_NOT_FOUND, type WebSettings } from "./web-options.ts";

type Field = readonly [name: string, value: string];

const ALWAYS: readonly Field[] = [["X-Content-Type-Options", "nosniff"]];
const SECURITY: readonly Field[] = [
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
  ["X-Frame-Options", "SAMEORIGIN"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
];

/**
 * Opens the folder of a site and reads its templates.
 *
 * @throws Error in Node's shape for a root that cannot be opened · TemplateError for a template.
 */
export async function openSite(path: string, settings: WebSettings, clock: Clock = systemClock): Promise<Site> {
  const { symlinks, cacheBytes: maxBytes, cacheDescriptors: maxDescriptors, precompressed } = settings;
  const root = await openRoot(path, { symlinks }, clock);
  try {
    const headers = fieldsOf(settings);
    const htmlSuffix = settings.watch ? RELOAD_SUFFIX : undefined;
    const pages = await TemplatePages.load(
      root,
      {
        routes: settings.routes ?? new Map<string, string>(),
        globs: settings.templates ?? [],
        variables: settings.vars ?? {},
        variablesOf: settings.variables,
        headers,
        htmlSuffix,
        report: (error) => reportTo(settings, error),
      },
      clock,
    );
    // Change events arrive in later turns: the site exists by then.
    const reload = settings.watch ? new LiveReload(path, () => site.expire(), clock, headers) : undefined;
    const loader = new ResourceLoader(root, {
      precompressed: precompressed && !settings.watch,
      mediaTypes: settings.mediaTypes ?? new Map<string, string>(),
      cacheRules: settings.cache ?? new CacheRules(),
      headers,
      htmlSuffix,
    });
    const cache = new ResourceCache((file, known) => loader.load(file, known), { maxBytes, maxDescriptors }, clock);
    const { index = [DEFAULT_INDEX], listing, spa, notFound = DEFAULT_NOT_FOUND, dotfiles } = settings;
    const site = new Site(root, cache, pages, reload, {
      index,
      listing,
      spa,
      notFound: notFound === "" ? undefined : notFound,
      dotfiles,
      headers,
    });
    return site;
  } catch (error) {
    root.close();
    throw error;
  }
}

/** Calls `onError`. If it throws, the error is published as the error of a server's hook is, and nothing ends. */
export function reportTo({ onError }: WebSettings, reported: unknown): void {
  attempt(
    () => onError?.(reported),
    (error) => {
      if (errors.hasSubscribers) errors.publish({ error, peer: undefined, hook: "onError", service: "web" });
    },
  );
}

/** The fields of all answers; a field of the same name replaces one of these. */
function fieldsOf({ headers = [], securityHeaders, contentSecurityPolicy }: WebSettings): readonly Field[] {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const policy: readonly Field[] =
    contentSecurityPolicy === undefined ? [] : [["Content-Security-Policy", contentSecurityPolicy]];
  const own = [...ALWAYS, ...(securityHeaders ? SECURITY : []), ...policy];
  return [...own.filter(([name]) => !names.has(name.toLowerCase())), ...headers];
}
