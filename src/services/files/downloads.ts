import { posix } from "node:path";
import { formatSha256, wantsReprDigest } from "../../http/digest-fields.ts";
import { headerLines } from "../../http/service/http-headers.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { PreparedResponse } from "../../http/service/prepared-response.ts";
import { mediaTypeOf } from "../web/media-type-of.ts";
import { openSite } from "../web/open-site.ts";
import type { Site } from "../web/site.ts";
import type { SiteAnswer } from "../web/site-answer.ts";
import { WEB_OPTIONS } from "../web/web-options.ts";
import type { FileStore } from "./file-store.ts";
import type { Asked } from "./visitor.ts";

/** Content that a browser shows without running anything in it. All other content is saved. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp)|audio\/.+|video\/.+|text\/plain|application\/pdf)(?:;|$)/;
/** What an uploaded file may do in a browser: nothing. RFC 9110 has no word for it; Content Security Policy Level 3, sandbox. */
const POLICY = "sandbox; default-src 'none'";

/**
 * The files of a store, as the web service sends them. A precompressed file never stands in for another: who may create `a.txt.gz` must
 * not decide what others get as `a.txt`. No symbolic link is followed.
 */
export class Downloads {
  readonly #site: Site;
  readonly #store: FileStore;

  private constructor(site: Site, store: FileStore) {
    this.#site = site;
    this.#store = store;
  }

  static async open(rootPath: string, store: FileStore): Promise<Downloads> {
    const options = { index: [], notFound: "", symlinks: "deny", precompressed: false, contentSecurityPolicy: POLICY };
    return new Downloads(await openSite(rootPath, WEB_OPTIONS.check("files()", options)), store);
  }

  /** Answers GET and HEAD for a file. */
  async answer({ request, context }: Asked, path: string): Promise<SiteAnswer> {
    const { method, headers, rawQuery, mountPath } = request;
    const { peer } = context;
    const address = "host" in peer ? peer.host : undefined;
    const answer = await this.#site.answer({ method, path: request.path, headers, rawQuery, mountPath, address });
    const { status = 200 } = answer;
    if (status !== 200 && status !== 206 && status !== 304) return answer;
    const extra: [string, string][] = [["Content-Disposition", dispositionOf(posix.basename(path))]];
    const sha256 = await this.#store.sha256Of(path, wantsReprDigest(headers)).catch(() => undefined);
    if (sha256 !== undefined) extra.push(["Repr-Digest", formatSha256(sha256)]);
    return withFields(answer, extra);
  }

  /** The entity-tag of a file, as GET sends it. */
  async entityTagOf(asked: Asked, encodedPath: string): Promise<string | undefined> {
    const { headers, mountPath } = asked.request;
    const answer = await this.#site.answer({
      method: "HEAD",
      path: encodedPath,
      headers: headers.without(CONDITIONS),
      rawQuery: undefined,
      mountPath,
      address: undefined,
    });
    return linesOf(answer).find(([name]) => name.toLowerCase() === "etag")?.[1];
  }

  /** Called after a change. */
  expire(): void {
    this.#site.expire();
  }

  close(): void {
    this.#site.close();
  }
}

const CONDITIONS: ReadonlySet<string> = new Set([
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "range",
]);

/** RFC 6266, with the name for old clients and the name in UTF-8, RFC 8187. */
export function dispositionOf(name: string): string {
  const kind = SHOWN.test(mediaTypeOf(name)) ? "inline" : "attachment";
  const ascii = name.replace(/[^ !#-[\]-~]/gu, "_").replaceAll("%", "_");
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, percent)}`;
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The answer with further header fields. */
function withFields(answer: SiteAnswer, fields: readonly (readonly [string, string])[]): HttpResponse {
  const headers = [...linesOf(answer), ...fields];
  if (!(answer instanceof PreparedResponse)) return { ...answer, headers };
  const { status, file } = answer;
  if (status === 304) return { status, headers };
  return { status, headers, body: file === undefined ? answer.body : file.open() };
}

function linesOf(answer: SiteAnswer): readonly (readonly [name: string, value: string])[] {
  return answer instanceof PreparedResponse ? answer.lines(Date.now()) : headerLines(answer.headers);
}
