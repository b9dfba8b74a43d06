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

/** The built pages. Source and compiled command are at the same depth in the package, so that this path works for both. */
const PAGES = new URL("../../dist/pages/", import.meta.url);

/** The content policy: no resources from other hosts, nothing inline, no embedding in frames. */
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

/** The header fields of a page and its files. */
const FIELDS = [
  ["Content-Security-Policy", POLICY],
  ["X-Content-Type-Options", "nosniff"],
  // Hides the page's URL from other sites. With `no-referrer` the Origin of its own forms would be `null`: Fetch, section 3.2.
  ["Referrer-Policy", "same-origin"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
] as const;

/** The header fields of a page that the service renders for each request. */
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

/** The built HTML, style, script and icon of a page, served from memory. */
export class PageFiles {
  /** The HTML as built. */
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

  /** Returns the answer for a path below that of the page; undefined if the page has no such file. */
  answer({ method, path, headers }: Pick<HttpRequest, "method" | "path" | "headers">): HttpAnswer | undefined {
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
