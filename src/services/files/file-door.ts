import { formatSha256 } from "../../http/digest-fields.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { tagOfSha256 } from "../web/content-tag.ts";
import { BodyCheck, expectedSha256 } from "./body-check.ts";
import type { Destinations } from "./destination.ts";
import type { Downloads } from "./downloads.ts";
import { encodedPath, type FilePath, filePath, filePathOfName } from "./file-path.ts";
import type { FileReceiver, FileStore } from "./file-store.ts";
import { receiveForm } from "./form.ts";
import type { Published } from "./journal.ts";
import { within } from "./listings.ts";
import { receiveBody } from "./receive-body.ts";
import { StoreError } from "./store-error.ts";
import { type Asked, demand, may, refusal } from "./visitor.ts";

type Path = Extract<FilePath, { type: "path" }>;

/** Changes files by whole requests: PUT, forms, DELETE, MOVE and MKCOL. */
export class FileDoor {
  readonly #store: FileStore;
  readonly #downloads: Downloads;
  readonly #destinations: Destinations;

  constructor(store: FileStore, downloads: Downloads, destinations: Destinations) {
    this.#store = store;
    this.#downloads = downloads;
    this.#destinations = destinations;
  }

  /** PUT: a whole file. */
  async put(asked: Asked, { path, isFolder }: Path): Promise<HttpResponse> {
    const { request } = asked;
    const { headers } = request;
    if (isFolder) throw new RequestError(409, "A file has no slash at the end of its path; MKCOL makes a folder");
    // RFC 9110, section 14.5: a server that does not know it would take a part for the whole.
    if (headers.has("Content-Range")) throw new RequestError(400, "Content-Range is for the URL of an upload");
    const expected = expectedSha256(headers);
    const check = BodyCheck.ofContent(headers);
    const destination = await this.#destinations.of(asked, path);
    const receiver = await this.#store.receive(destination, { length: lengthOf(asked), author: asked.author });
    try {
      await receiveBody(request, receiver, check?.update);
      check?.verify();
    } catch (error) {
      await receiver.discard();
      throw error;
    }
    const published = await finished(asked, receiver, expected);
    return await this.#answer(asked, path, published);
  }

  /** POST of a form to a folder. */
  async form(asked: Asked, { path, isFolder }: Path, contentType: string): Promise<HttpResponse> {
    const { request, author } = asked;
    if (!isFolder) throw new RequestError(405, "A form is sent to a folder, with a slash at the end of its path");
    const begin = async (fileName: string): Promise<FileReceiver> => {
      const found = filePathOfName(fileName);
      if (found.type === "refused") throw new RequestError(found.status, found.message);
      const destination = await this.#destinations.of(asked, within(path, found.path));
      return await this.#store.receive(destination, { author });
    };
    const received = await receiveForm(contentType, request.body, begin);
    const files: { name: string; size: number; sha256: string | undefined; url: string }[] = [];
    for (const [place, { receiver }] of received.entries()) {
      try {
        const published = await receiver.finish();
        const { size, sha256 } = published;
        const name = path === "" ? published.path : published.path.slice(path.length + 1);
        files.push({ name, size, sha256, url: request.mountPath + encodedPath(published.path) });
      } catch (error) {
        for (const { receiver: other } of received.slice(place + 1)) await other.discard();
        throw error;
      }
    }
    if (acceptsHtml(request.headers.get("Accept"))) {
      return { status: 303, headers: { Location: request.mountPath + encodedPath(path, true) } };
    }
    return {
      status: 201,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      body: `${JSON.stringify({ files })}\n`,
    };
  }

  /** DELETE of a file, or of an empty folder. */
  async remove({ visitor, author }: Asked, { path }: Path): Promise<HttpResponse> {
    if (path === "") throw new RequestError(403, "The root cannot be removed");
    demand(visitor, "delete", path);
    await this.#store.remove(path, author);
    return { status: 204 };
  }

  /** MOVE: RFC 4918, section 9.9. */
  async move(asked: Asked, { path }: Path): Promise<HttpResponse> {
    const { request, visitor, author } = asked;
    const to = this.#destinationOf(asked);
    if (path === "" || to === "") throw new RequestError(403, "The root cannot be moved");
    demand(visitor, "delete", path);
    // Elsewhere it could be read by others.
    demand(visitor, "read", path);
    const mayReplace = may(visitor, "overwrite", to) && request.headers.get("Overwrite") !== "F";
    if (!may(visitor, "create", to) && !mayReplace) throw refusal(visitor, to, "create");
    const type = await this.#store.typeOf(path);
    if (type === "folder" && !(visitor.isUniformBelow(path) && visitor.isUniformBelow(to))) {
      throw new RequestError(403, "The folder has parts with rights of their own");
    }
    if (!may(visitor, "create", to) && (await this.#store.typeOf(to)) === undefined) {
      throw refusal(visitor, to, "create");
    }
    const isNew = await this.#store.move(path, to, mayReplace, author);
    // RFC 4918 has 204 for a file that was replaced.
    return isNew
      ? { status: 201, headers: { Location: request.mountPath + encodedPath(to, type === "folder") } }
      : { status: 204 };
  }

  /** MKCOL: RFC 4918, section 9.3. */
  async makeFolder({ request, visitor }: Asked, { path }: Path): Promise<HttpResponse> {
    demand(visitor, "create", path === "" ? path : path);
    const length = request.headers.get("Content-Length");
    if ((length !== undefined && length !== "0") || request.headers.has("Transfer-Encoding")) {
      throw new RequestError(415, "MKCOL takes no body");
    }
    try {
      if (path === "") throw new StoreError("EXISTS", "The root is there");
      await this.#store.makeFolder(path);
    } catch (error) {
      if (error instanceof StoreError && error.code === "EXISTS") {
        throw new RequestError(405, "There is something of this name", { cause: error });
      }
      // RFC 4918, section 9.3.1: a folder above is missing.
      if (error instanceof StoreError && error.code === "MISSING") {
        throw new RequestError(409, "The folder above is missing", { cause: error });
      }
      throw error;
    }
    return { status: 201, headers: { Location: request.mountPath + encodedPath(path, true) } };
  }

  /** The answer when a file is complete. */
  async #answer(asked: Asked, path: string, published: Published): Promise<HttpResponse> {
    const { mountPath } = asked.request;
    const headers: [string, string][] = [];
    const etag =
      (published.sha256 === undefined ? undefined : tagOfSha256(published.sha256, published.size)) ??
      (await this.#downloads.entityTagOf(asked, encodedPath(published.path)));
    if (etag !== undefined) headers.push(["ETag", etag]);
    if (published.sha256 !== undefined) headers.push(["Repr-Digest", formatSha256(published.sha256)]);
    if (published.isNew || published.path !== path) {
      headers.push(["Location", mountPath + encodedPath(published.path)]);
    }
    return { status: published.isNew ? 201 : 204, headers };
  }

  /** The path that the Destination field names: RFC 4918, section 10.3. */
  #destinationOf({ request }: Asked): string {
    const given = request.headers.get("Destination");
    if (given === undefined) throw new RequestError(400, "MOVE needs a Destination");
    const [, authority, path = ""] = /^(?:https?:\/\/([^/?#]*))?(\/[^?#]*)$/i.exec(given) ?? [];
    if (authority !== undefined && authority.toLowerCase() !== request.authority.toLowerCase()) {
      throw new RequestError(502, "The Destination is on another server");
    }
    const isBelow = path.startsWith(`${request.mountPath}/`);
    const found = isBelow ? filePath(path.slice(request.mountPath.length)) : undefined;
    if (found === undefined) throw new RequestError(400, "The Destination is no URL of this service");
    if (found.type === "refused") throw new RequestError(found.status, found.message);
    return found.path;
  }
}

/** The length that the request gives. */
function lengthOf({ request }: Asked): number | undefined {
  const text = request.headers.get("Content-Length");
  if (text !== undefined) return Number(text);
  return request.headers.has("Transfer-Encoding") ? undefined : 0;
}

/** The condition of If-None-Match may come to be false while the file arrives. */
async function finished({ request }: Asked, receiver: FileReceiver, expected: string | undefined): Promise<Published> {
  try {
    return await receiver.finish(expected);
  } catch (error) {
    const isCondition = error instanceof StoreError && error.code === "EXISTS" && request.headers.has("If-None-Match");
    throw isCondition ? new RequestError(412, "There is a file of this name", { cause: error }) : error;
  }
}

/** Whether a client is a browser that sent a form. */
function acceptsHtml(accept: string | undefined): boolean {
  return accept !== undefined && /\btext\/html\b/i.test(accept);
}
