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

/** A request, independent of the server that received it. */
export interface SiteRequest {
  readonly method: string;
  /** As it was sent, without the query; `*` for the server as a whole. */
  readonly path: string;
  /** The part after the first question mark, as it was sent. */
  readonly rawQuery: string | undefined;
  readonly headers: Fields;
  /** The address of the client; undefined for a Unix socket. */
  readonly address: string | undefined;
  /** The signal that aborts when the server begins to close, if the server has one. */
  readonly server?: { readonly stopping: AbortSignal } | undefined;
  /** The path before the site, as it was sent, without a trailing slash, when the site is mounted below a path; default none. */
  readonly mountPath?: string | undefined;
}

/** An answer for one path that is not a file: a template. */
export interface Page {
  answer(request: SiteRequest): SiteAnswer | Promise<SiteAnswer>;
}

/** The answers of a site beyond plain files. */
export interface SiteSettings {
  readonly index: readonly string[];
  readonly listing: boolean;
  /** The file to send for pages that do not exist. */
  readonly spa: string | undefined;
  /** The file to send with status 404. */
  readonly notFound: string | undefined;
  readonly dotfiles: Dotfiles;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The pages by path, and which files are templates, which cannot be requested. */
export interface SitePages {
  readonly unknownNames: readonly TemplateName[];
  pageAt(path: string): Page | undefined;
  /** Called after a change: the site looks at each page again before it sends it. */
  expire(): void;
  isTemplate(file: string): boolean;
  /** The same for the names in a folder, which may have thousands. */
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

  /** The names in templates for which no value is given. */
  get unknownNames(): readonly TemplateName[] {
    return this.#pages.unknownNames;
  }

  /** Returns the answer, synchronously when the file is known. */
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

  /** The redirect for a request to the root without its trailing slash, which happens only in a mount. */
  toRoot(request: SiteRequest): SiteAnswer {
    return this.#toDirectory(request, "");
  }

  /** Called after a change: the site checks every file again before it sends it. */
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

  /** Finds the first index file that exists, or the listing of the folder. */
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

/** Whether a page is wanted, not a script, an image or a call: the path has no extension, and the client accepts HTML. */
function isPageRequest({ headers }: SiteRequest, { relative }: AskedPath): boolean {
  const name = relative.slice(relative.lastIndexOf("/") + 1);
  return !name.includes(".") && /\btext\/html\b|\*\/\*/i.test(headers.get("Accept") ?? "*/*");
}
