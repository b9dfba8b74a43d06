import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { evaluatePreconditions } from "../http/preconditions.ts";
import { reasonPhrase } from "../http/reason-phrase.ts";
import { answerOfError, answerOfStatus } from "../http/service/error-answer.ts";
import type { HttpAnswer } from "../http/service/handler.ts";
import type { HttpHeaders } from "../http/service/http-headers.ts";
import type { HttpRequest } from "../http/service/http-request.ts";
import { PreparedResponse } from "../http/service/prepared-response.ts";
import { RequestError } from "../http/service/request-error.ts";

/** The pages that the build has made. It is as deep in the package as a compiled command: both find them here. */
const PAGES = new URL("../../dist/pages/", import.meta.url);

/** Nothing from another host, nothing inline, and in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Of all that belongs to a page. */
const FIELDS = [
  ["Content-Security-Policy", POLICY],
  ["X-Content-Type-Options", "nosniff"],
  // No other site learns of the page. With `no-referrer` the Origin of its own forms would be `null`: Fetch, section 3.2.
  ["Referrer-Policy", "same-origin"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
] as const;

/** The fields of a page that is made for each request. */
export const PAGE_FIELDS = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Cache-Control", "no-store"],
  ...FIELDS,
] as const satisfies HttpHeaders;

const FILES = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/style.css", "style.css", "text/css; charset=utf-8"],
  ["/page.js", "page.js", "text/javascript; charset=utf-8"],
  ["/icon.svg", "../icon.svg", "image/svg+xml"],
] as const;

const NOT_ALLOWED = answerOfError(new RequestError(405, reasonPhrase(405), { headers: { Allow: "GET, HEAD" } }));

interface PageFile {
  readonly etag: string;
  readonly whole: PreparedResponse;
  readonly unchanged: PreparedResponse;
}

/** The HTML of a page of ours, its style, its script and its icon, out of memory. */
export class PageFiles {
  /** As the build has made it. */
  readonly html: string;
  readonly #files: ReadonlyMap<string, PageFile>;

  /** @param name - a folder of `src/pages/`. */
  constructor(name: string) {
    const folder = new URL(`${name}/`, PAGES);
    this.html = readFileSync(new URL("index.html", folder), "utf8");
    this.#files = new Map(
      FILES.map(([path, file, mediaType]) => [path, pageFile(readFileSync(new URL(file, folder)), mediaType)]),
    );
  }

  /** The answer for one of its paths, which are below the page's own; undefined for any other. */
  answer({ method, path, headers }: HttpRequest): HttpAnswer | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    if (method !== "GET" && method !== "HEAD") return NOT_ALLOWED;
    const result = evaluatePreconditions(method, headers, { etag: file.etag }, Date.now());
    return result === "proceed" ? file.whole : result === "failed" ? answerOfStatus(412) : file.unchanged;
  }
}

function pageFile(body: Buffer, mediaType: string): PageFile {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const fields = [["ETag", etag], ["Cache-Control", "no-cache"], ...FIELDS] as const;
  return {
    etag,
    whole: new PreparedResponse({ headers: [["Content-Type", mediaType], ...fields], body }),
    unchanged: new PreparedResponse({ status: 304, headers: fields }),
  };
}
