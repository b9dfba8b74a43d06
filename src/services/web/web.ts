import type { HttpExchange } from "../../http/service/handler.ts";
import { http } from "../../http/service/http.ts";
import { type HttpOptions, MAX_BODY_BYTES } from "../../http/service/http-options.ts";
import type { HttpService } from "../../http/service/http-service.ts";
import { SharedService } from "../../server/shared-service.ts";
import { wrongType } from "../../socket/values.ts";
import { AccessLog, type AccessLogEntry, type AccessLogFormat } from "./access-log.ts";
import { openSite } from "./open-site.ts";
import type { Symlinks } from "./path-handle.ts";
import type { Dotfiles } from "./request-path.ts";
import type { Site, SiteRequest } from "./site.ts";
import type { TemplateName } from "./template/template.ts";
import type { TemplatePlace } from "./template/template-error.ts";
import type { Variables } from "./template/variables.ts";
import { WEB_OPTIONS, type WebOptions, type WebSettings } from "./web-options.ts";

export { type WebMiddleware, webMiddleware } from "./middleware.ts";
export { TemplateError } from "./template/template-error.ts";
export type {
  AccessLogFormat,
  Dotfiles,
  HttpOptions,
  SiteRequest,
  Symlinks,
  TemplateName,
  TemplatePlace,
  Variables,
  WebOptions,
};

/**
 * Creates a service that serves the files of a folder: GET and HEAD with conditions, ranges and precompressed files, and pages from
 * templates. By default it sends no file outside of the folder, whatever a request asks for and wherever links lead.
 *
 * @param root - relative to the working directory when the server starts.
 * @throws RangeError, TypeError for an invalid option. `serve` rejects with the error of a root that cannot be opened, or with a
 * TemplateError.
 * @example
 * ```ts
 * import { serve } from "sockwright/server";
 * import { web } from "sockwright/services/web";
 *
 * const server = await serve("http://127.0.0.1:0", web("docs/guides"));
 * const answer = await fetch(`${server.urls[0]}/testing.md`, { headers: { Range: "bytes=0-8" } });
 * console.log(answer.status, await answer.text()); // => 206 # Testing
 * await server.close();
 * ```
 */
export function web(root: string, options?: WebOptions): HttpService {
  if (typeof root !== "string") throw wrongType("root", "of type string", root);
  const settings = WEB_OPTIONS.check("web()", options);
  const shared = new SharedService(new ServedSite(root, settings));
  const service = http(
    ({ method, path, rawQuery, headers, mountPath }, server) => {
      const { peer } = server;
      const address = "host" in peer ? peer.host : undefined;
      return shared.service.site.answer({ method, path, rawQuery, headers, mountPath, address, server });
    },
    // The site reads no body, so that it answers by method, however long the body is.
    { maxBodyBytes: MAX_BODY_BYTES, ...settings.http, onExchange: exchangeHook(settings) },
  );
  return { ...service, name: "web", start: () => shared.start(), stop: () => shared.stop() };
}

/**
 * Returns the variables that the templates of a site use and that have no value, with file and line. It leaves out variables inside
 * `{{#each}}`, which an item may have. It opens no listener.
 *
 * @throws the errors of {@link web}, and those with which `serve` rejects.
 * @example
 * ```ts
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { unknownVariables } from "sockwright/services/web";
 *
 * const folder = mkdtempSync(join(tmpdir(), "site-"));
 * writeFileSync(join(folder, "go.html"), "<p>{{greeting}} from {{client.address}}</p>");
 * for (const { file, line, name } of await unknownVariables(folder, { routes: { "/go": "go.html" } })) {
 *   console.log(`${file}:${line}: ${name}`); // => go.html:1: greeting
 * }
 * ```
 */
export async function unknownVariables(root: string, options?: WebOptions): Promise<readonly TemplateName[]> {
  const site = await openSite(root, WEB_OPTIONS.check("web()", options));
  site.close();
  return site.unknownNames;
}

/** The service of a folder, whose site is open while the service runs. */
class ServedSite {
  readonly #root: string;
  readonly #settings: WebSettings;
  #site: Site | undefined;

  constructor(root: string, settings: WebSettings) {
    this.#root = root;
    this.#settings = settings;
  }

  get site(): Site {
    if (this.#site === undefined) throw new Error("web() was not started: give it to serve()");
    return this.#site;
  }

  async start(): Promise<void> {
    this.#site = await openSite(this.#root, this.#settings);
  }

  stop(): void {
    this.#site?.close();
    this.#site = undefined;
  }
}

function exchangeHook({ accessLog, accessLogFormat, http: own }: WebSettings): HttpOptions["onExchange"] {
  if (accessLog === undefined) return own?.onExchange;
  const log = new AccessLog(accessLogFormat);
  const written = (exchange: HttpExchange): unknown => accessLog(log.line(entryOf(exchange)));
  const { onExchange } = own ?? {};
  if (onExchange === undefined) return written;
  // Both are called, whatever one of them throws.
  return (exchange): unknown => Promise.all([written, onExchange].map(async (hook) => hook(exchange)));
}

function entryOf({ request, peer, ...answer }: HttpExchange): AccessLogEntry {
  return {
    ...answer,
    host: "host" in peer ? peer.host : undefined,
    request,
    referer: request?.headers.get("Referer"),
    userAgent: request?.headers.get("User-Agent"),
  };
}
