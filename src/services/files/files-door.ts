import type { HttpAnswer, HttpContext } from "../../http/service/handler.ts";
import { headerLines } from "../../http/service/http-headers.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { problem } from "../../http/service/problem.ts";
import { RequestError } from "../../http/service/request-error.ts";
import type { PageAccess } from "../page-access.ts";
import type { Cors } from "./cors.ts";
import { type DraftDoor, PARTIAL_UPLOAD } from "./draft-door.ts";
import { completeField, readDraftFields } from "./draft-fields.ts";
import type { FileDoor } from "./file-door.ts";
import { type FilePath, filePath, filePathOfName } from "./file-path.ts";
import type { FileStore, ResumableUpload } from "./file-store.ts";
import type { FolderDoor } from "./folder-door.ts";
import type { Gate } from "./gate.ts";
import { within } from "./listings.ts";
import { answerOfStoreError } from "./store-answer.ts";
import { StoreError } from "./store-error.ts";
import { TUS_FIELDS, TUS_VERSION, type TusDoor } from "./tus-door.ts";
import { UPLOADS_PATH } from "./upload-location.ts";
import { type Asked, demand, may, refusal } from "./visitor.ts";

const METHODS = "GET, HEAD, PUT, POST, PATCH, DELETE, MOVE, MKCOL, OPTIONS";
/** The methods that change nothing: RFC 9110, section 9.2.1. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

type Path = Extract<FilePath, { type: "path" }>;

/** The parts of the service that answer requests. */
export interface FilesDoorParts {
  readonly store: FileStore;
  readonly gate: Gate;
  readonly access: PageAccess;
  readonly cors: Cors;
  readonly files: FileDoor;
  readonly folders: FolderDoor;
  readonly tus: TusDoor;
  readonly draft: DraftDoor;
  readonly maxBytes: number;
}

/** Answers the requests of the service: finds out who asks, for what, and by which protocol. */
export class FilesDoor {
  readonly #parts: FilesDoorParts;

  constructor(parts: FilesDoorParts) {
    this.#parts = parts;
  }

  async answer(request: HttpRequest, context: HttpContext): Promise<HttpAnswer> {
    const { cors } = this.#parts;
    const origin = request.headers.get("Origin");
    const answer = await this.#answer(request, context).catch((error: unknown) => answerOfFailure(request, error));
    const fields = [...cors.fieldsFor(origin), ...(isTus(request) ? TUS : [])];
    if (fields.length === 0 || !("status" in answer || "headers" in answer || "body" in answer)) return answer;
    return { ...answer, headers: [...headerLines(answer.headers), ...fields] };
  }

  async #answer(request: HttpRequest, context: HttpContext): Promise<HttpResponse> {
    const { access, cors, gate } = this.#parts;
    access.checkHost(request, context);
    const method = methodOf(request);
    if (method === "OPTIONS") return this.#options(request);
    const origin = request.headers.get("Origin");
    if (!SAFE.has(method) && !cors.allows(origin)) access.checkOrigin(request, context);
    if (isTus(request) && request.headers.get("Tus-Resumable") !== TUS_VERSION) {
      throw new RequestError(412, `The version of tus is ${TUS_VERSION}`, { headers: { "Tus-Version": TUS_VERSION } });
    }
    const asked = await gate.ask(request, context);
    if (request.path.startsWith(UPLOADS_PATH)) return await this.#upload(asked, method);
    const page = this.#parts.folders.asset(request);
    if (page !== undefined) return page as HttpResponse;
    const path = filePath(request.path);
    if (path.type === "refused") throw new RequestError(path.status, path.message);
    return await this.#file(asked, method, path);
  }

  #options(request: HttpRequest): HttpResponse {
    const { cors, draft, maxBytes } = this.#parts;
    const isPreflight = request.headers.has("Access-Control-Request-Method");
    return {
      status: 204,
      headers: [
        ["Allow", METHODS],
        ["Accept-Patch", PARTIAL_UPLOAD],
        ["Upload-Limit", draft.limit],
        ["Tus-Max-Size", `${maxBytes}`],
        ...TUS_FIELDS.filter(([name]) => name !== "Tus-Resumable" || !isTus(request)),
        ...(isPreflight ? headerLines(cors.preflightFields(METHODS)) : []),
      ],
    };
  }

  async #file(asked: Asked, method: string, path: Path): Promise<HttpResponse> {
    const { files, folders, draft, tus } = this.#parts;
    const { headers } = asked.request;
    switch (method) {
      case "GET":
      case "HEAD":
        return path.isFolder ? await folders.list(asked, path.path) : await folders.file(asked, path.path);
      case "PUT":
      case "POST": {
        if (method === "POST" && isTus(asked.request)) return await tus.create(asked, path.path);
        if (readDraftFields(headers).isComplete !== undefined) {
          return await draft.create(asked, (id) => draftPath(asked, path, id));
        }
        if (method === "PUT") return await files.put(asked, path);
        const contentType = headers.get("Content-Type") ?? "";
        if (/^multipart\/form-data\b/i.test(contentType)) return await files.form(asked, path, contentType);
        throw new RequestError(415, "POST takes a form, multipart/form-data, or an upload by tus or the IETF draft");
      }
      case "DELETE":
        return await files.remove(asked, path);
      case "MOVE":
        return await files.move(asked, path);
      case "MKCOL":
        return await files.makeFolder(asked, path);
      default:
        throw new RequestError(405, "The method is not allowed here", { headers: { Allow: METHODS } });
    }
  }

  async #upload(asked: Asked, method: string): Promise<HttpResponse> {
    const { store, tus, draft } = this.#parts;
    const { request } = asked;
    const id = request.path.slice(UPLOADS_PATH.length);
    const upload = store.findUpload(id);
    if (upload === undefined) throw new RequestError(404, "There is no such upload");
    checkOwner(asked, upload);
    const isByTus = isTus(request) || request.headers.get("Content-Type") === "application/offset+octet-stream";
    switch (method) {
      case "GET":
      case "HEAD":
        return isByTus ? await tus.head(upload) : await draft.head(asked, upload);
      case "PATCH":
        return isByTus ? await tus.patch(asked, upload) : await draft.patch(asked, upload);
      case "PUT":
        return await draft.put(asked, upload);
      case "DELETE":
        await store.removeUpload(id);
        return { status: 204 };
      default:
        throw new RequestError(405, "The method is not allowed here", {
          headers: { Allow: "GET, HEAD, PATCH, PUT, DELETE, OPTIONS" },
        });
    }
  }
}

const TUS = [["Tus-Resumable", TUS_VERSION]] as const;

function isTus({ headers }: HttpRequest): boolean {
  return headers.has("Tus-Resumable");
}

/** tus: the method, for clients that cannot send PATCH or DELETE. */
function methodOf(request: HttpRequest): string {
  const { method, headers } = request;
  return method === "POST" && isTus(request) ? (headers.get("X-HTTP-Method-Override") ?? method) : method;
}

/** An upload belongs to its creator, as long as that may still write there. Who has begun one without credentials is known by its ID. */
function checkOwner({ visitor }: Asked, { head }: ResumableUpload): void {
  if (head.owner !== undefined && visitor.user === undefined) throw refusal(visitor, head.path);
  if (head.owner !== undefined && head.owner !== visitor.user) throw new RequestError(404, "There is no such upload");
  if (!may(visitor, "create", head.path) && !may(visitor, "overwrite", head.path)) {
    demand(visitor, "create", head.path);
  }
}

/** Where an upload by the draft goes: to its path, or into the folder by the name that the client gives, RFC 6266, or by its ID. */
function draftPath({ request }: Asked, { path, isFolder }: Path, id: string): string {
  if (!isFolder) return path;
  const name = fileNameOf(request.headers.get("Content-Disposition")) ?? id;
  const found = filePathOfName(name);
  if (found.type === "refused") throw new RequestError(found.status, found.message);
  return within(path, found.path);
}

function fileNameOf(disposition: string | undefined): string | undefined {
  if (disposition === undefined) return undefined;
  const [, extended] = /;\s*filename\*=utf-8''([^;\s]+)/i.exec(disposition) ?? [];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      // A URIError: what follows is the plain form, if there is one.
    }
  }
  const [, quoted, token] = /;\s*filename=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition) ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? token;
}

/** The answer for an error that a client can cause; all are problems of RFC 9457. Throws any other again. */
function answerOfFailure(request: HttpRequest, error: unknown): HttpResponse {
  if (error instanceof RequestError) return problem(error.status, { detail: error.message }, error.headers);
  if (!(error instanceof StoreError)) throw error;
  const answer = answerOfStoreError(error, request.headers.get("Upload-Offset"));
  const fields = readDraftFields(request.headers);
  if (fields.isComplete === undefined || isTus(request)) return answer;
  return { ...answer, headers: [...headerLines(answer.headers), completeField(fields.version, false)] };
}
