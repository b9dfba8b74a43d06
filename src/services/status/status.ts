import { reasonPhrase } from "../../http/reason-phrase.ts";
import type { HttpAnswer, HttpContext } from "../../http/service/handler.ts";
import { http } from "../../http/service/http.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import type { HttpService } from "../../http/service/http-service.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { attempt } from "../../server/telemetry/attempt.ts";
import { OPEN_METRICS_CONTENT_TYPE } from "../../server/telemetry/open-metrics.ts";
import { systemClock } from "../../server/time/clock.ts";
import { PageAccess } from "../page-access.ts";
import { PAGE_FIELDS, PageFiles } from "../page-files.ts";
import { Access, type Verdict, WRONG_TOKEN_RETRY_SECONDS } from "./access.ts";
import { connectionQuery, connectionTable, sortText } from "./connection-table.ts";
import type { Overview } from "./overview.ts";
import type { Sample } from "./sample.ts";
import { Sampler } from "./sampler.ts";
import { statusData } from "./status-data.ts";
import { statusMetrics } from "./status-metrics.ts";
import { MAX_SAMPLES, STATUS_OPTIONS, type StatusOptions, type StatusSettings } from "./status-options.ts";
import { StatusPage } from "./status-page.ts";
import { readToken } from "./token-file.ts";
import { Watchers } from "./watchers.ts";

export { needsToken } from "./access.ts";
export type { Overview } from "./overview.ts";
export { STATUS_OPTIONS, type StatusOptions } from "./status-options.ts";

/** Limits the bytes of a form, which has a search, an order and a token; the service answers a longer one with 413. */
const MAX_FORM_BYTES = 4 * 1_024;
/** The Retry-After of the 503 that a client gets when too many pages have live updates. */
const BUSY_RETRY_SECONDS = 5;
const NO_STORE = ["Cache-Control", "no-store"] as const;
/** The header fields of all answers that are not pages. */
const PLAIN = [NO_STORE, ["X-Content-Type-Options", "nosniff"]] as const;

/**
 * Creates a service that shows all running services as a page, as JSON, as server-sent events and as OpenMetrics, and that can close
 * connections. Without a token only clients on this machine have access: see {@link needsToken}.
 *
 * @throws TokenFileError for an unusable token file · RangeError, TypeError for an invalid option.
 */
export function status(overview: Overview, options?: StatusOptions): HttpService {
  const statusService = new StatusService(overview, STATUS_OPTIONS.check("status()", options));
  const service = http((request, context) => statusService.answer(request, context), statusService.settings.http);
  return { ...service, name: "status", start: () => statusService.start(), stop: () => statusService.stop() };
}

type Answer = HttpAnswer | Promise<HttpAnswer>;

interface Route {
  readonly method: "GET" | "POST";
  readonly answer: (request: HttpRequest, context: HttpContext) => Answer;
}

class StatusService {
  readonly settings: StatusSettings;
  readonly #overview: Overview;
  readonly #access: Access;
  readonly #pages: PageAccess;
  readonly #files = new PageFiles("status");
  readonly #page: StatusPage;
  readonly #sampler: Sampler;
  readonly #watchers: Watchers;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(overview: Overview, settings: StatusSettings) {
    const {
      metrics,
      tokenFile,
      hosts,
      sampleIntervalMs,
      historyMs,
      maxWatchers,
      maxRows,
      clock = systemClock,
      onError = () => undefined,
    } = settings;
    const maxSamples = Math.min(MAX_SAMPLES, Math.ceil(historyMs / sampleIntervalMs));
    this.settings = settings;
    this.#overview = overview;
    this.#access = new Access(tokenFile === undefined ? undefined : readToken(tokenFile), clock);
    this.#pages = new PageAccess(hosts);
    this.#page = new StatusPage(this.#files.html, { metrics, maxSamples, historyMs, maxRows });
    const listener = {
      onSample: (sample: Sample) => this.#watchers.send(sample),
      onError: (error: unknown) =>
        attempt(
          () => onError(error),
          () => undefined,
        ),
    };
    this.#sampler = new Sampler(overview, clock, { intervalMs: sampleIntervalMs, maxSamples }, listener);
    this.#watchers = new Watchers(this.#sampler, maxWatchers);
    const get = (answer: Route["answer"]): Route => ({ method: "GET", answer });
    const post = (answer: Route["answer"]): Route => ({ method: "POST", answer });
    this.#routes = new Map([
      ["/", get((request) => this.#show(request))],
      ["/events", get((_, context) => this.#events(context))],
      ["/data", get((request) => this.#data(request))],
      ["/close", post((request) => this.#close(request))],
      ["/logout", post((request) => seeOther([["Set-Cookie", this.#access.sessions.remove(request)]]))],
      ...(metrics === "" ? [] : [[`/${metrics}`, get(() => this.#metrics())] as const]),
    ]);
  }

  start(): void {
    this.#sampler.start();
  }

  stop(): void {
    this.#sampler.stop();
    this.#watchers.close();
  }

  answer(request: HttpRequest, context: HttpContext): Answer {
    this.#pages.checkHost(request, context);
    const { method, path } = request;
    if (method === "POST") {
      this.#pages.checkOrigin(request, context);
      if (path === "/login") return this.#login(request, context);
    }
    const verdict = this.#access.judge(request, context.peer);
    if (verdict === "not-local")
      throw new RequestError(403, "Only clients on this machine have access: the service has no token");
    const file = path === "/" ? undefined : this.#files.answer(request);
    if (file !== undefined) return file;
    if (verdict !== "allowed") return this.#refuse(verdict, path);
    return this.#route(request, context);
  }

  #route(request: HttpRequest, context: HttpContext): Answer {
    const route = this.#routes.get(request.path);
    if (route === undefined) throw new RequestError(404, reasonPhrase(404));
    const { method, answer } = route;
    const isHead = method === "GET" && request.method === "HEAD";
    if (request.method === method || isHead) return answer(request, context);
    const headers = { Allow: method === "GET" ? "GET, HEAD" : method };
    throw new RequestError(405, reasonPhrase(405), { headers });
  }

  #show(request: HttpRequest): HttpAnswer {
    const body = this.#page.render(this.#overview, {
      query: connectionQuery(request.query),
      samples: this.#sampler.samples,
      nowMs: Date.now(),
      hasToken: this.#access.hasToken,
    });
    return { headers: PAGE_FIELDS, body };
  }

  #events({ stopping }: HttpContext): HttpAnswer {
    const body = this.#watchers.admit(stopping);
    if (body !== undefined) return { headers: [["Content-Type", "text/event-stream"], ...PLAIN], body };
    throw new RequestError(503, "Too many pages receive live updates", {
      headers: { "Retry-After": `${BUSY_RETRY_SECONDS}` },
    });
  }

  #data({ query }: HttpRequest): HttpAnswer {
    const table = connectionTable(this.#overview.connections(), connectionQuery(query), this.settings.maxRows);
    return json(statusData(this.#overview, table, this.#sampler.samples.at(-1)));
  }

  #metrics(): HttpAnswer {
    const own = { watchers: this.#watchers.count, wrongTokens: this.#access.wrongTokens };
    const headers = [["Content-Type", OPEN_METRICS_CONTENT_TYPE], ...PLAIN] as const;
    return { headers, body: statusMetrics(this.#overview, own) };
  }

  /** Aborts a connection by its id. A browser without scripts is redirected to its previous search. */
  async #close(request: HttpRequest): Promise<HttpAnswer> {
    const form = await formOf(request);
    const id = form.get("id") ?? "";
    if (!/^\d{1,15}$/.test(id)) throw new RequestError(400, "The form has no id of a connection");
    const isClosed = this.#overview.abort(Number(id));
    if (wantsHtml(request)) {
      const query = connectionQuery(form);
      return seeOther(
        [],
        `?${new URLSearchParams({ search: query.search, sort: sortText(query) }).toString()}#connections`,
      );
    }
    return json({ id: Number(id), closed: isClosed }, isClosed ? 200 : 404);
  }

  async #login(request: HttpRequest, { peer, connection }: HttpContext): Promise<HttpAnswer> {
    if (!this.#access.hasToken) throw new RequestError(404, reasonPhrase(404));
    const token = (await formOf(request)).get("token") ?? "";
    const verdict = this.#access.checkToken(token, peer);
    if (verdict !== "allowed") return this.#refuse(verdict, "/");
    const origin = request.headers.get("Origin") ?? "";
    // Also behind a proxy that terminates TLS, which only the browser's origin tells.
    const isSecure = connection.tls !== undefined || origin.startsWith("https:");
    const cookie = this.#access.sessions.make(Date.now(), request, isSecure);
    return seeOther([["Set-Cookie", cookie]]);
  }

  /** Refuses a request: a browser gets the token form, a program the answer of RFC 6750, section 3. */
  #refuse(verdict: Exclude<Verdict, "allowed" | "not-local">, path: string): HttpAnswer {
    const isTooMany = verdict === "too-many-wrong";
    const challenge = verdict === "wrong-token" ? 'Bearer error="invalid_token"' : "Bearer";
    const fields = isTooMany
      ? ([["Retry-After", `${WRONG_TOKEN_RETRY_SECONDS}`]] as const)
      : ([["WWW-Authenticate", challenge]] as const);
    const status = isTooMany ? 429 : 401;
    if (path !== "/") throw new RequestError(status, REFUSALS[verdict], { headers: [...fields, ...PLAIN] });
    const refusal = verdict === "no-token" ? undefined : REFUSALS[verdict];
    return { status, headers: [...PAGE_FIELDS, ...fields], body: this.#page.login(refusal) };
  }
}

const REFUSALS = {
  "no-token": "A token is needed",
  "wrong-token": "The token is wrong",
  "too-many-wrong": "Too many wrong tokens: wait a while",
} as const;

async function formOf(request: HttpRequest): Promise<URLSearchParams> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request.body) {
    bytes += piece.length;
    if (bytes > MAX_FORM_BYTES) throw new RequestError(413, "The form is too long");
    pieces.push(piece);
  }
  return new URLSearchParams(Buffer.concat(pieces).toString("latin1"));
}

function wantsHtml({ headers }: HttpRequest): boolean {
  return headers.get("Accept")?.includes("text/html") === true;
}

function json(data: unknown, status = 200): HttpAnswer {
  const headers = [["Content-Type", "application/json"], ...PLAIN] as const;
  // As in an access log: JSON escapes neither the control characters of latin1 nor characters that change the direction of text.
  const text = JSON.stringify(data).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return { status, headers, body: `${text}\n` };
}

/** Redirects to the page, which is in the same folder as every form target. */
function seeOther(fields: readonly (readonly [string, string])[], query = ""): HttpAnswer {
  return { status: 303, headers: [["Location", `./${query}`], NO_STORE, ...fields] };
}
