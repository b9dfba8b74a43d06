import { evaluatePreconditions } from "../../http/preconditions.ts";
import { RequestError } from "../../http/service/request-error.ts";
import type { Downloads } from "./downloads.ts";
import { encodedPath } from "./file-path.ts";
import type { FileStore } from "./file-store.ts";
import type { Destination } from "./publisher.ts";
import { type Asked, may, refusal } from "./visitor.ts";

/** What becomes of a file whose name is taken, when its client may not replace the other one. */
export type ConflictRule = "fail" | "rename";

/** Decides under which conditions clients may write files. */
export class Destinations {
  readonly #store: FileStore;
  readonly #downloads: Downloads;
  readonly #rule: ConflictRule;

  constructor(store: FileStore, downloads: Downloads, rule: ConflictRule) {
    this.#store = store;
    this.#downloads = downloads;
    this.#rule = rule;
  }

  /**
   * Returns where a client may write a file.
   *
   * @throws RequestError 401, 403, 404; 412 for If-Match and If-None-Match, RFC 9110, section 13.1.
   */
  async of(asked: Asked, path: string): Promise<Destination> {
    const { visitor } = asked;
    const mayReplace = may(visitor, "overwrite", path);
    const mayCreate = may(visitor, "create", path);
    if (!mayReplace && !mayCreate) throw refusal(visitor, path, "create");
    if (!mayCreate && (await this.#store.typeOf(path)) === undefined) throw refusal(visitor, path, "create");
    await this.#checkConditions(asked, path);
    if (asked.request.headers.get("If-None-Match")?.trim() === "*") return { path, onConflict: "fail" };
    return { path, onConflict: mayReplace ? "replace" : this.#rule };
  }

  async #checkConditions(asked: Asked, path: string): Promise<void> {
    const { headers } = asked.request;
    const ifNoneMatch = headers.get("If-None-Match");
    if (!headers.has("If-Match") && ifNoneMatch === undefined) return;
    const isThere = (await this.#store.typeOf(path)) === "file";
    const etag = isThere ? await this.#downloads.entityTagOf(asked, encodedPath(path)) : undefined;
    // RFC 9110, section 13.1.1: without a current representation, If-Match is false and If-None-Match true.
    const isFailed = isThere
      ? evaluatePreconditions("PUT", headers, { etag }, Date.now()) !== "proceed"
      : headers.has("If-Match");
    if (isFailed) throw new RequestError(412, "The condition of the request is not met");
  }
}
