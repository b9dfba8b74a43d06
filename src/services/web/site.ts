import type { Fields } from "../../http/fields.ts";
import { listingOrder } from "./directory-listing.ts";
import { fileAnswer } from "./file-answer.ts";
import { KnownPaths } from "./known-paths.ts";
import { ListingPages } from "./listing-pages.ts";
import { LISTING_POLICY } from "./listing-style.ts";
import type { LiveReload } from "./live-reload.ts";
import { type Dotfiles, directoryLocation, type RequestPath } from "./request-path.ts";
import { Resource } from "./resource.ts";
import type { Found, ResourceCache } from "./resource-cache.ts";
import type { Root } from "./root.ts";
import type { SiteAnswer } from "./site-answer.ts";
import { StatusPages } from "./status-page.ts";
import type { TemplateName } from "./template/template.ts";

/** A request, from whichever server. */
export interface SiteRequest {
  readonly method: string;
  /** As it was sent, without the query; `*` where the server as a whole is meant. */
  readonly path: string;
  /** Behind the first question mark, as it was sent. */
  readonly rawQuery: string | undefined;
  readonly headers: Fields;
  /** Of the client; undefined of a Unix socket. */
  readonly address: string | undefined;
  /** The server that asks, where it tells when it begins to close. */
  readonly server?: { readonly stopping: AbortSignal } | undefined;
  /** What was in front of the path where the site stands below one, as it was sent, without a slash at its end; default none. */
  readonly mountPath?: string | undefined;
}

/** What answers under a path of its own: a template. */
export interface Page {
  answer(request: SiteRequest): SiteAnswer | Promise<SiteAnswer>;
}

/** How a site answers what is not simply a file. */
export interface SiteSettings {
  readonly index: readonly string[];
  readonly listing: boolean;
  /** The file that is sent for pages that are not there. */
  readonly spa: string | undefined;
  /** The file that is sent with 404. */
  readonly notFound: string | undefined;
  readonly dotfiles: Dotfiles;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Pages by their path, and which files are none that can be asked for, since they are templates. */
export interface SitePages {
  readonly unknownNames: readonly TemplateName[];
  pageAt(path: string): Page | undefined;
  /** Something has changed: each is looked at again before it is sent. */
  expire(): void;
  isTemplate(file: string): boolean;
  /** The same of the names in a folder, of which there may be thousands. */
  templatesIn(folder: string): (name: string) => boolean;
}

type AskedPath = Extract<RequestPath, { type: "path" }>;

/** A folder of files as a web site. */
export class Site {
  readonly #root: Root;
  readonly #cache: ResourceCache;
  readonly #pages: SitePages;
  readonly #reload: LiveReload | undefined;
  readonly #options: SiteSettings;
  readonly #statuses: StatusPages;
  readonly #paths: KnownPaths;
  readonly #listings: ListingPages;

  constructor(
    root: Root,
    cache: ResourceCache,
    pages: SitePages,
    reload: LiveReload | undefined,
    options: SiteSettings,
  ) {
    this.#root = root;
    this.#cache = cache;
    this.#pages = pages;
    this.#reload = reload;
    this.#options = options;
    this.#statuses = new StatusPages(options.headers);
    this.#paths = new KnownPaths(options.dotfiles);
    this.#listings = new ListingPages(
      (path) => root.list(path),
      (folder, entries) => {
        const isTemplate = pages.templatesIn(folder);
        return entries.filter(({ name, type }) => type === "directory" || !isTemplate(name));
      },
    );
  }

  /** The names in templates that no value is given for. */
  get unknownNames(): readonly TemplateName[] {
    return this.#pages.unknownNames;
  }

  /** The answer, at once where the file is known. */
  answer(request: SiteRequest): SiteAnswer | Promise<SiteAnswer> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") return this.#statuses.of(method === "OPTIONS" ? 204 : 405);
    const reload = this.#reload?.answer(request);
    if (reload !== undefined) return reload;
    const path = this.#paths.of(request.path);
    if (path.type === "refused") {
      return path.status === 404 ? this.#notFound(request) : this.#statuses.of(path.status);
    }
    const { relative, endsInSlash } = path;
    const page = this.#pages.pageAt(endsInSlash && relative !== "" ? `/${relative}/` : `/${relative}`);
    if (page !== undefined) return page.answer(request);
    if (endsInSlash) return this.#directory(request, path);
    if (this.#pages.isTemplate(relative)) return this.#missing(request, path);
    const found = this.#cache.get(relative);
    return found instanceof Resource ? fileAnswer(request, found, Date.now()) : this.#later(request, path, found);
  }

  /** To who has asked for the root without the slash at its end, which only a mount allows. */
  toRoot(request: SiteRequest): SiteAnswer {
    return this.#toDirectory(request, "");
  }

  /** Something has changed: nothing that was found before is sent without another look. */
  expire(): void {
    this.#root.expire();
    this.#cache.expire();
    this.#pages.expire();
    this.#listings.expire();
  }

  close(): void {
    this.#reload?.close();
    this.#cache.close();
    this.#root.close();
  }

  #toDirectory({ rawQuery, mountPath }: SiteRequest, relative: string): SiteAnswer {
    return this.#statuses.make(301, [["Location", directoryLocation(relative, rawQuery, mountPath)]]);
  }

  async #later(request: SiteRequest, path: AskedPath, finding: Found | Promise<Found>): Promise<SiteAnswer> {
    const found = await finding;
    if (found instanceof Resource) return fileAnswer(request, found, Date.now());
    switch (found.type) {
      case "directory":
        return this.#toDirectory(request, path.relative);
      case "missing":
        return this.#missing(request, path);
      case "forbidden":
        return this.#statuses.of(403);
      case "busy":
        return this.#statuses.of(503);
    }
  }

  /** The first of the index files that is there, or what is in it. */
  #directory(request: SiteRequest, path: AskedPath): SiteAnswer | Promise<SiteAnswer> {
    const [name] = this.#options.index;
    if (name === undefined) return this.#list(request, path);
    const file = within(path.relative, name);
    const found = this.#pages.isTemplate(file) ? MISSING : this.#cache.get(file);
    return found instanceof Resource
      ? fileAnswer(request, found, Date.now())
      : this.#directoryLater(request, path, found);
  }

  async #directoryLater(request: SiteRequest, path: AskedPath, first: Found | Promise<Found>): Promise<SiteAnswer> {
    let found = await first;
    for (const name of this.#options.index.slice(1)) {
      if (found instanceof Resource) break;
      if (found.type !== "missing" && found.type !== "directory") break;
      const file = within(path.relative, name);
      found = this.#pages.isTemplate(file) ? MISSING : await this.#cache.get(file);
    }
    if (found instanceof Resource || found.type === "forbidden" || found.type === "busy") {
      return this.#later(request, path, found);
    }
    return this.#list(request, path);
  }

  async #list(request: SiteRequest, path: AskedPath): Promise<SiteAnswer> {
    if (!this.#options.listing) return this.#missing(request, path);
    const html = await this.#listings.of(path.relative, listingOrder(request.rawQuery));
    if (typeof html !== "string") return this.#later(request, path, html);
    const headers = [
      ["Content-Type", "text/html; charset=utf-8"],
      ["Content-Security-Policy", LISTING_POLICY],
      ["Cache-Control", "no-cache"],
      ...this.#options.headers.filter(([name]) => name.toLowerCase() !== "content-security-policy"),
    ] as const;
    return { headers, body: html };
  }

  #missing(request: SiteRequest, path: AskedPath): SiteAnswer | Promise<SiteAnswer> {
    const { spa } = this.#options;
    return spa !== undefined && isPageRequest(request, path) ? this.#spa(request, spa) : this.#notFound(request);
  }

  async #spa(request: SiteRequest, file: string): Promise<SiteAnswer> {
    const found = this.#pages.isTemplate(file) ? MISSING : await this.#cache.get(file);
    if (found instanceof Resource) return fileAnswer(request, found, Date.now());
    return found.type === "busy" ? this.#statuses.of(503) : this.#notFound(request);
  }

  #notFound(_: SiteRequest): SiteAnswer | Promise<SiteAnswer> {
    const { notFound } = this.#options;
    return notFound === undefined ? this.#statuses.of(404) : this.#notFoundPage(notFound);
  }

  async #notFoundPage(file: string): Promise<SiteAnswer> {
    const found = this.#pages.isTemplate(file) ? MISSING : await this.#cache.get(file);
    if (!(found instanceof Resource)) return this.#statuses.of(404);
    const [form] = found.representations;
    const headers = [
      ["Content-Type", form.mediaType],
      ["Cache-Control", "no-cache"],
      ...this.#options.headers,
    ] as const;
    return { status: 404, headers, body: form.part({ first: 0, last: form.length - 1 }) };
  }
}

const MISSING = { type: "missing" } as const;

function within(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** A page, and no script, image or call: its path has no extension, and the client takes HTML. */
function isPageRequest({ headers }: SiteRequest, { relative }: AskedPath): boolean {
  const name = relative.slice(relative.lastIndexOf("/") + 1);
  return !name.includes(".") && /\btext\/html\b|\*\/\*/i.test(headers.get("Accept") ?? "*/*");
}
