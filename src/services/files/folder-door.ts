import type { HttpAnswer } from "../../http/service/handler.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { listingOrder } from "../web/directory-listing.ts";
import type { Listed, Root } from "../web/root.ts";
import { archiveOf } from "./archive.ts";
import { type Downloads, dispositionOf } from "./downloads.ts";
import { encodedPath } from "./file-path.ts";
import type { FileStore } from "./file-store.ts";
import { FilesPage } from "./files-page.ts";
import type { Listings } from "./listings.ts";
import { isSigned } from "./signed-link.ts";
import { type Asked, demand, may, refusal } from "./visitor.ts";

/** Answers GET and HEAD: files, and what is in folders. */
export class FolderDoor {
  readonly #root: Root;
  readonly #store: FileStore;
  readonly #downloads: Downloads;
  readonly #listings: Listings;
  readonly #linkKey: Buffer;
  readonly #page = new FilesPage();

  constructor(root: Root, store: FileStore, downloads: Downloads, listings: Listings, linkKey: Buffer) {
    this.#root = root;
    this.#store = store;
    this.#downloads = downloads;
    this.#listings = listings;
    this.#linkKey = linkKey;
  }

  /** The files of the page; undefined when the path is none of them. */
  asset(request: HttpRequest): HttpAnswer | undefined {
    return this.#page.asset(request);
  }

  /** A file. */
  async file(asked: Asked, path: string): Promise<HttpResponse> {
    const { request, visitor } = asked;
    if (!may(visitor, "read", path) && !isSigned(this.#linkKey, path, request.rawQuery, Date.now())) {
      const isFolder = may(visitor, "list", path) && (await this.#store.typeOf(path)) === "folder";
      if (!isFolder) throw refusal(visitor, path, "read");
    }
    const answer = await this.#downloads.answer(asked, path);
    if (answer.status === 404) throw new RequestError(404, "There is nothing of this name");
    return answer as HttpResponse;
  }

  /** What is in a folder. */
  async list(asked: Asked, path: string): Promise<HttpResponse> {
    const { request, visitor } = asked;
    demand(visitor, "list", path);
    const { query } = request;
    if (query.has("archive")) return await this.#archive(asked, path);
    const listed = await this.#listed(path);
    if (query.has("sha256")) {
      demand(visitor, "read", path);
      return this.#listings.sums(path, listed);
    }
    if (query.has("json") || prefersJson(request.headers.get("Accept"))) return await this.#listings.json(path, listed);
    return this.#page.render({
      ...listed,
      path: path === "" ? "/" : `/${path}/`,
      order: listingOrder(request.rawQuery),
      rights: visitor.rightsAt(path),
      mountPath: request.mountPath,
    });
  }

  async #archive(asked: Asked, path: string): Promise<HttpResponse> {
    const { request, visitor } = asked;
    if (request.query.get("archive") !== "tar") throw new RequestError(400, "The archive is ?archive=tar");
    await this.#listed(path);
    const name = `${path === "" ? "files" : (path.split("/").at(-1) ?? "files")}.tar`;
    const mayRead = (own: string): boolean => may(visitor, "read", own);
    return {
      headers: {
        "Content-Type": "application/x-tar",
        "Content-Disposition": dispositionOf(name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
      },
      body: request.method === "HEAD" ? null : archiveOf(this.#root, path, mayRead),
    };
  }

  async #listed(path: string): Promise<Extract<Listed, { type: "directory" }>> {
    const listed = await this.#listings.of(path);
    switch (listed.type) {
      case "directory":
        return listed;
      case "forbidden":
        throw new RequestError(403, "The server may not read this folder");
      case "busy":
        throw new RequestError(503, "The server has no free descriptor", { headers: { "Retry-After": "1" } });
      case "missing":
        throw new RequestError(404, `There is no folder ${encodedPath(path, true)}`);
    }
  }
}

/** Whether a program asks: a browser accepts HTML, and curl everything. */
function prefersJson(accept: string | undefined): boolean {
  return accept !== undefined && /\bapplication\/json\b/i.test(accept) && !/\btext\/html\b/i.test(accept);
}
