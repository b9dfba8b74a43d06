import { posix } from "node:path";
import { isFieldText } from "../../http/field-lines.ts";
import { HTTP_OPTIONS, type HttpOptions } from "../../http/service/http-options.ts";
import { bytes, checked, choice, count, flag, hook } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import type { AccessLogFormat } from "./access-log.ts";
import { CacheRules } from "./cache-rules.ts";
import { Glob } from "./glob.ts";
import { addedMediaTypes } from "./media-type-of.ts";
import { REQUEST_VARIABLES } from "./page-variables.ts";
import type { Symlinks } from "./place.ts";
import { type Dotfiles, requestPath } from "./request-path.ts";
import { DEFAULT_CACHE_BYTES, DEFAULT_CACHE_DESCRIPTORS } from "./resource-cache.ts";
import type { SiteRequest } from "./site.ts";
import type { Variables } from "./template/variables.ts";

/** The file that is sent for a folder. */
export const DEFAULT_INDEX = "index.html";
/** The file that is sent with 404, where it is there. */
export const DEFAULT_NOT_FOUND = "404.html";
/** Templates, and patterns of them. */
export const MAX_TEMPLATES = 1_000;
/** Names of index files. */
export const MAX_INDEX_NAMES = 16;

/** How files are served. Paths of files are relative to the root. */
export interface WebOptions {
  /** Sent for a folder: the first that is there. Default `["index.html"]`; none with `[]`. */
  readonly index?: readonly string[] | undefined;
  /** Whether a folder without such a file shows what is in it. Default false: 404. */
  readonly listing?: boolean | undefined;
  /** The file that is sent for paths without an extension that are not there, to who takes HTML; true is `index.html`. Default none. */
  readonly spa?: boolean | string | undefined;
  /** The file that is sent with 404. Default `404.html`, where it is there; `""` is none. */
  readonly notFound?: string | undefined;
  /** Which names that begin with a dot can be asked for: none, `.well-known`, or all. Default `"hidden"`. */
  readonly dotfiles?: Dotfiles | undefined;
  /** Which symbolic links are followed: none, those that stay inside of the root, or all. Default `"inside"`. */
  readonly symlinks?: Symlinks | undefined;
  /** Whether `FILE.br`, `FILE.zst` and `FILE.gz`, no older than `FILE`, are sent in its place to who takes them. Default true. */
  readonly precompressed?: boolean | undefined;
  /** Cache-Control by pattern; see `CacheRules`. */
  readonly cache?: Readonly<Record<string, string>> | undefined;
  /** Content-Type by extension, before those of `mime-types`. */
  readonly mediaTypes?: Readonly<Record<string, string>> | undefined;
  /** Further fields of all answers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Referrer-Policy, X-Frame-Options, Cross-Origin-Opener-Policy and Cross-Origin-Resource-Policy, for the site alone. Default false. */
  readonly securityHeaders?: boolean | undefined;
  /** The value of Content-Security-Policy. Default none. */
  readonly contentSecurityPolicy?: string | undefined;
  /** Memory for files and their answers; default 64 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Open files that are kept; default 512. */
  readonly cacheDescriptors?: number | undefined;
  /** Files of templates by the path of their page: `{ "/go": "go.html" }`. */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /** Patterns of files that are templates besides, and so have no address of their own. */
  readonly templates?: readonly string[] | undefined;
  /** Variables of all pages. */
  readonly vars?: Variables | undefined;
  /** Variables of one page. What it throws is answered with 500. */
  readonly variables?: ((request: SiteRequest) => Variables) | undefined;
  /** Given each line of the access log, with its end. */
  readonly accessLog?: ((line: string) => void) | undefined;
  /** Default `"combined"`. */
  readonly accessLogFormat?: AccessLogFormat | undefined;
  /** Whether pages reload in browsers when a file changes, for who writes them. Default false. */
  readonly watch?: boolean | undefined;
  /** Told what keeps a changed template from being read: the page stays as it was. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** What the HTTP service allows its clients. */
  readonly http?: HttpOptions | undefined;
}

/** What they can be: also for whoever reads them from a file or a command line. */
export const WEB_OPTIONS = optionTable({
  index: checked("names of files", indexNames),
  listing: flag({ default: false }),
  spa: checked("true, false or a file", spaFile),
  notFound: checked("a file", notFoundFile),
  dotfiles: choice(["hidden", "well-known", "shown"], { default: "hidden" }),
  symlinks: choice(["deny", "inside", "follow"], { default: "inside" }),
  precompressed: flag({ default: true }),
  cache: checked("Cache-Control by pattern", (path, given) => new CacheRules(texts(path, given))),
  mediaTypes: checked("Content-Type by extension", (path, given) => addedMediaTypes(texts(path, given))),
  headers: checked("fields", headerFields),
  securityHeaders: flag({ default: false }),
  contentSecurityPolicy: checked("text", fieldText),
  cacheBytes: bytes({ min: 0, default: DEFAULT_CACHE_BYTES }),
  cacheDescriptors: count({ min: 0, default: DEFAULT_CACHE_DESCRIPTORS }),
  routes: checked("files by path", routeFiles),
  templates: checked("patterns", templateGlobs),
  vars: checked("an object", variableObject),
  variables: hook<NonNullable<WebOptions["variables"]>>(),
  accessLog: hook<NonNullable<WebOptions["accessLog"]>>(),
  accessLogFormat: choice(["common", "combined", "json"], { default: "combined" }),
  watch: flag({ default: false }),
  onError: hook<NonNullable<WebOptions["onError"]>>(),
  http: checked("options of http()", (path, given) => HTTP_OPTIONS.given("web()", given, path), HTTP_OPTIONS.kinds),
} satisfies OptionKindsOf<WebOptions>);

/** The options, with the defaults. */
export type WebSettings = OptionValues<(typeof WEB_OPTIONS)["kinds"]>;

function record(path: string, given: unknown, form: string): [string, unknown][] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrongType(path, form, given);
  return Object.entries(given);
}

/** What the members are is checked by whoever takes them. */
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

/** As a root takes it: `./go.html` is `go.html`. */
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

/** Fields that the server says by itself. */
const OWN_FIELDS =
  /^(?:content-(?:length|type|encoding|range)|transfer-encoding|connection|date|etag|last-modified|accept-ranges|vary|location|allow|trailer|upgrade)$/i;

function headerFields(path: string, given: unknown): (readonly [string, string])[] {
  return record(path, given, 'an object, such as { Server: "mine" }').map(([name, value]) => {
    const own = `${path}[${JSON.stringify(name)}]`;
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) throw wrongValue(path, "must have names of fields", name);
    if (OWN_FIELDS.test(name)) throw wrongValue(path, "must not have fields that the server says by itself", name);
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
