import { posix } from "node:path";
import { isFieldText } from "../../http/field-lines.ts";
import { HTTP_OPTIONS, type HttpOptions } from "../../http/service/http-options.ts";
import { bytes, choice, count, custom, flag, hook } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import type { AccessLogFormat } from "./access-log.ts";
import { CacheRules } from "./cache-rules.ts";
import { Glob } from "./glob.ts";
import { addedMediaTypes } from "./media-type-of.ts";
import { REQUEST_VARIABLES } from "./page-variables.ts";
import type { Symlinks } from "./path-handle.ts";
import { type Dotfiles, requestPath } from "./request-path.ts";
import { DEFAULT_CACHE_BYTES, DEFAULT_CACHE_DESCRIPTORS } from "./resource-cache.ts";
import type { SiteRequest } from "./site.ts";
import type { Variables } from "./template/variables.ts";

/** The default of the option `index`: the file that the server sends for a folder. */
export const DEFAULT_INDEX = "index.html";
/** The default of the option `notFound`: the file that the server sends with 404, if it exists. */
export const DEFAULT_NOT_FOUND = "404.html";
/** Limits the members of `routes` and of `templates`, each; the options reject more with a TypeError. */
export const MAX_TEMPLATES = 1_000;
/** Limits the names in `index`; the option rejects more with a TypeError. */
export const MAX_INDEX_NAMES = 16;

/** The options of a web service. Paths of files are relative to the root. */
export interface WebOptions {
  /** Names of index files. For a folder, the server sends the first that exists. At most 16; default `["index.html"]`; `[]` is none. */
  readonly index?: readonly string[] | undefined;
  /** Whether the server lists the content of a folder that has no index file. Default false: it answers 404. */
  readonly listing?: boolean | undefined;
  /** The file to send for a missing path without an extension when the client accepts HTML; true is `index.html`. Default none. */
  readonly spa?: boolean | string | undefined;
  /** The file to send with 404. Default `404.html`, if it exists; `""` is none. */
  readonly notFound?: string | undefined;
  /** Which names that begin with a dot the server serves: none, only `.well-known`, or all. Default `"hidden"`: none. */
  readonly dotfiles?: Dotfiles | undefined;
  /** Which symbolic links the server follows: none, those whose target is inside the root, or all. Default `"inside"`. */
  readonly symlinks?: Symlinks | undefined;
  /**
   * Whether the server sends `FILE.br`, `FILE.zst` or `FILE.gz` in place of `FILE` when the client accepts that encoding and the file
   * is not older than `FILE`. Default true.
   */
  readonly precompressed?: boolean | undefined;
  /** Values of Cache-Control by pattern of paths: see `CacheRules`. */
  readonly cache?: Readonly<Record<string, string>> | undefined;
  /** Values of Content-Type by file extension. They take precedence over those of `mime-types`. */
  readonly mediaTypes?: Readonly<Record<string, string>> | undefined;
  /** Header fields to add to every answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether answers have Referrer-Policy, X-Frame-Options, Cross-Origin-Opener-Policy and Cross-Origin-Resource-Policy, with values
   * that allow only the site itself. Default false.
   */
  readonly securityHeaders?: boolean | undefined;
  /** The value of Content-Security-Policy. Default none. */
  readonly contentSecurityPolicy?: string | undefined;
  /** Memory for cached files and their answers, in bytes, 0 or more; default 64 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Files that the cache keeps open, 0 or more; default 512. */
  readonly cacheDescriptors?: number | undefined;
  /** Template files by the path of their page: `{ "/go": "go.html" }`. At most 1 000. */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /** Patterns of further files that are templates. The server does not serve a template under its own path. At most 1 000. */
  readonly templates?: readonly string[] | undefined;
  /** Variables for the templates of all pages. */
  readonly vars?: Variables | undefined;
  /** Called for each request of a template page; returns its variables. If it throws, the server answers 500. */
  readonly variables?: ((request: SiteRequest) => Variables) | undefined;
  /** Called with each line of the access log, its line end included. */
  readonly accessLog?: ((line: string) => void) | undefined;
  /** The format of the access log. Default `"combined"`. */
  readonly accessLogFormat?: AccessLogFormat | undefined;
  /** Whether open pages reload in the browser when a file changes; for development. Default false. */
  readonly watch?: boolean | undefined;
  /** Called with the error when a changed template cannot be loaded; the server goes on with the previous version. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** The options of the HTTP service. */
  readonly http?: HttpOptions | undefined;
}

/** Checks and defaults of {@link WebOptions}, also for options from a file or a command line. */
export const WEB_OPTIONS = optionTable({
  index: custom("names of files", indexNames),
  listing: flag({ default: false }),
  spa: custom("true, false or a file", spaFile),
  notFound: custom("a file", notFoundFile),
  dotfiles: choice(["hidden", "well-known", "shown"], { default: "hidden" }),
  symlinks: choice(["deny", "inside", "follow"], { default: "inside" }),
  precompressed: flag({ default: true }),
  cache: custom("Cache-Control by pattern", (path, given) => new CacheRules(texts(path, given))),
  mediaTypes: custom("Content-Type by extension", (path, given) => addedMediaTypes(texts(path, given))),
  headers: custom("fields", headerFields),
  securityHeaders: flag({ default: false }),
  contentSecurityPolicy: custom("text", fieldText),
  cacheBytes: bytes({ min: 0, default: DEFAULT_CACHE_BYTES }),
  cacheDescriptors: count({ min: 0, default: DEFAULT_CACHE_DESCRIPTORS }),
  routes: custom("files by path", routeFiles),
  templates: custom("patterns", templateGlobs),
  vars: custom("an object", variableObject),
  variables: hook<NonNullable<WebOptions["variables"]>>(),
  accessLog: hook<NonNullable<WebOptions["accessLog"]>>(),
  accessLogFormat: choice(["common", "combined", "json"], { default: "combined" }),
  watch: flag({ default: false }),
  onError: hook<NonNullable<WebOptions["onError"]>>(),
  http: custom("options of http()", (path, given) => HTTP_OPTIONS.checkGiven("web()", given, path), HTTP_OPTIONS.kinds),
} satisfies OptionKindsOf<WebOptions>);

/** The checked options, with defaults filled in. */
export type WebSettings = OptionValues<(typeof WEB_OPTIONS)["kinds"]>;

function record(path: string, given: unknown, form: string): [string, unknown][] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrongType(path, form, given);
  return Object.entries(given);
}

/** Returns the members unchecked: the caller checks their type. */
function texts(path: string, given: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(record(path, given, "an object")) as Record<string, string>;
}

function list(path: string, given: unknown, max: number): unknown[] {
  if (!Array.isArray(given)) throw wrongType(path, "an array", given);
  if (given.length > max) throw wrongValue(path, `must have at most ${max} members`, given.length);
  return given as unknown[];
}

function indexNames(path: string, given: unknown): readonly string[] {
  return list(path, given, MAX_INDEX_NAMES).map((name, place) => {
    const own = `${path}[${place}]`;
    if (typeof name !== "string") throw wrongType(own, "of type string", name);
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name))
      throw wrongValue(own, "must be the name of a file", name);
    return name;
  });
}

/** Normalizes a path as `Root` expects it: `./go.html` becomes `go.html`. */
function fileBelow(path: string, given: unknown): string {
  if (typeof given !== "string") throw wrongType(path, "of type string", given);
  const file = posix.normalize(given);
  if (given === "" || /^(?:\/|\.\.?(?:\/|$))|\0|\/$/.test(file)) {
    throw wrongValue(path, 'must be a file below the root, such as "pages/go.html"', given);
  }
  return file;
}

function spaFile(path: string, given: unknown): string | undefined {
  if (typeof given === "boolean") return given ? DEFAULT_INDEX : undefined;
  return fileBelow(path, given);
}

function notFoundFile(path: string, given: unknown): string {
  return given === "" ? "" : fileBelow(path, given);
}

function fieldText(path: string, given: unknown): string {
  if (typeof given !== "string") throw wrongType(path, "of type string", given);
  if (!isFieldText(given)) throw wrongValue(path, "must be one line of latin1", given);
  return given;
}

/** Header fields that the server sets itself. */
const OWN_FIELDS =
  /^(?:content-(?:length|type|encoding|range)|transfer-encoding|connection|date|etag|last-modified|accept-ranges|vary|location|allow|trailer|upgrade)$/i;

function headerFields(path: string, given: unknown): (readonly [string, string])[] {
  return record(path, given, 'an object, such as { Server: "mine" }').map(([name, value]) => {
    const own = `${path}[${JSON.stringify(name)}]`;
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) throw wrongValue(path, "must have names of header fields", name);
    if (OWN_FIELDS.test(name)) throw wrongValue(path, "must not have header fields that the server sets itself", name);
    return [name, fieldText(own, value)] as const;
  });
}

function routeFiles(path: string, given: unknown): ReadonlyMap<string, string> {
  const entries = record(path, given, 'an object, such as { "/go": "go.html" }');
  if (entries.length > MAX_TEMPLATES)
    throw wrongValue(path, `must have at most ${MAX_TEMPLATES} members`, entries.length);
  return new Map(
    entries.map(([route, file]) => {
      const own = `${path}[${JSON.stringify(route)}]`;
      const asked = requestPath(encodeURI(route), "shown");
      if (asked.type === "refused" || !route.startsWith("/"))
        throw wrongValue(path, 'must have paths such as "/go"', route);
      const ending = asked.endsInSlash && asked.relative !== "" ? "/" : "";
      return [`/${asked.relative}${ending}`, fileBelow(own, file)] as const;
    }),
  );
}

function templateGlobs(path: string, given: unknown): readonly Glob[] {
  return list(path, given, MAX_TEMPLATES).map((pattern, place) => new Glob(pattern as string, `${path}[${place}]`));
}

function variableObject(path: string, given: unknown): Variables {
  for (const [name] of record(path, given, "an object")) {
    if (REQUEST_VARIABLES.some((own) => own === name)) {
      throw wrongValue(path, `must not have ${REQUEST_VARIABLES.join(", ")}, which come from the request`, name);
    }
  }
  return given as Variables;
}
