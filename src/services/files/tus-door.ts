import { formatHttpDate } from "../../http/http-date.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { appendBody } from "./append-body.ts";
import { BodyCheck } from "./body-check.ts";
import type { Destinations } from "./destination.ts";
import { filePathOfName } from "./file-path.ts";
import type { FileStore, ResumableUpload } from "./file-store.ts";
import { within } from "./listings.ts";
import { parseConcat, parseMetadata, parseSize } from "./tus-fields.ts";
import { idOfLocation, uploadLocation } from "./upload-location.ts";
import { newUploadId } from "./uploads.ts";
import type { Asked } from "./visitor.ts";

/** The version of the protocol. */
export const TUS_VERSION = "1.0.0";
/** The media type of the body of PATCH. */
const OFFSET_STREAM = "application/offset+octet-stream";

type Field = readonly [name: string, value: string];

/** What OPTIONS says of the protocol. */
export const TUS_FIELDS: readonly Field[] = [
  ["Tus-Resumable", TUS_VERSION],
  ["Tus-Version", TUS_VERSION],
  [
    "Tus-Extension",
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation",
  ],
  ["Tus-Checksum-Algorithm", "sha1,sha256"],
];

/** Uploads by tus 1.0.0, <https://tus.io/protocols/resumable-upload>. */
export class TusDoor {
  readonly #store: FileStore;
  readonly #destinations: Destinations;

  constructor(store: FileStore, destinations: Destinations) {
    this.#store = store;
    this.#destinations = destinations;
  }

  /** POST to a folder. */
  async create(asked: Asked, folder: string): Promise<HttpResponse> {
    const { request } = asked;
    const { headers } = request;
    const metadata = headers.get("Upload-Metadata");
    const concat = headers.get("Upload-Concat");
    const parts = concat === undefined ? undefined : parseConcat(concat);
    if (concat !== undefined && parts === undefined) throw new RequestError(400, "Upload-Concat is malformed");
    const isPart = parts === "partial";
    const name = nameOf(metadata);
    if (parts !== undefined && parts !== "partial")
      return await this.#join(asked, folder, { name, metadata, concat, parts });
    const length = lengthOf(asked);
    const hasBody = headers.get("Content-Type") === OFFSET_STREAM;
    const check = BodyCheck.ofTus(headers);
    const upload = await this.#begin(asked, folder, { name, metadata, concat, isPart, length });
    const offset = hasBody ? await appendBody(asked, upload, 0, check) : 0;
    if (length !== undefined && offset === length) await upload.finish(undefined, asked.author);
    return {
      status: 201,
      headers: [
        ["Location", uploadLocation(request.mountPath, upload.head.id)],
        ...(hasBody ? [["Upload-Offset", `${offset}`] as const] : []),
        ...expiryOf(upload),
      ],
    };
  }

  /** HEAD of an upload. */
  async head(upload: ResumableUpload): Promise<HttpResponse> {
    const offset = await upload.offset();
    const { metadata, concat } = upload.head;
    const { length } = upload;
    return {
      status: 200,
      headers: [
        ["Upload-Offset", `${offset}`],
        length === undefined ? ["Upload-Defer-Length", "1"] : ["Upload-Length", `${length}`],
        ...(metadata === undefined ? [] : [["Upload-Metadata", metadata] as const]),
        ...(concat === undefined ? [] : [["Upload-Concat", concat] as const]),
        ...expiryOf(upload),
        ["Cache-Control", "no-store"],
      ],
    };
  }

  /** PATCH of an upload. */
  async patch(asked: Asked, upload: ResumableUpload): Promise<HttpResponse> {
    const { headers } = asked.request;
    if (headers.get("Content-Type") !== OFFSET_STREAM) {
      throw new RequestError(415, `The body of PATCH is ${OFFSET_STREAM}`);
    }
    if (upload.head.concat?.startsWith("final") === true) {
      throw new RequestError(403, "Nothing is appended to an upload that is made of others");
    }
    const from = sizeOf(headers.get("Upload-Offset"), "Upload-Offset");
    if (from === undefined) throw new RequestError(400, "PATCH needs Upload-Offset");
    const check = BodyCheck.ofTus(headers);
    const announced = sizeOf(headers.get("Upload-Length"), "Upload-Length");
    if (announced !== undefined) await upload.setLength(announced);
    const offset = await this.#append(asked, upload, from, check);
    if (offset === upload.length) await upload.finish(undefined, asked.author);
    return { status: 204, headers: [["Upload-Offset", `${offset}`], ...expiryOf(upload)] };
  }

  /** A client that has lost the answer to its last request sends it again, without a body. */
  async #append(asked: Asked, upload: ResumableUpload, from: number, check: BodyCheck | undefined): Promise<number> {
    if (upload.state.type === "published") {
      const size = await upload.offset();
      if (from !== size)
        throw new RequestError(409, "The upload is complete", { headers: { "Upload-Offset": `${size}` } });
      return size;
    }
    return await appendBody(asked, upload, from, check);
  }

  /** Makes a file of uploads that are complete. */
  async #join(asked: Asked, folder: string, given: Joined): Promise<HttpResponse> {
    const parts: ResumableUpload[] = [];
    let length = 0;
    for (const url of given.parts) {
      const part = this.#store.findUpload(idOfLocation(url) ?? "");
      const isOwn = part?.head.isPart === true && part.head.owner === asked.visitor.user;
      if (part === undefined || !isOwn)
        throw new RequestError(400, "Upload-Concat names an upload that is none of yours");
      const size = await part.offset();
      if (size !== part.length) throw new RequestError(400, "Upload-Concat names an upload that is not complete");
      parts.push(part);
      length += size;
    }
    const upload = await this.#begin(asked, folder, { ...given, isPart: false, length });
    const receiver = await upload.append({ offset: 0 });
    try {
      for (const part of parts) for await (const bytes of part.read()) await receiver.append(bytes);
    } finally {
      await receiver.end();
    }
    await upload.finish(undefined, asked.author);
    return { status: 201, headers: { Location: uploadLocation(asked.request.mountPath, upload.head.id) } };
  }

  async #begin(
    asked: Asked,
    folder: string,
    { name, metadata, concat, isPart, length }: Begun,
  ): Promise<ResumableUpload> {
    const id = newUploadId();
    const path = within(folder, name ?? id);
    const destination = await this.#destinations.of(asked, path);
    const { user: owner } = asked.visitor;
    return await this.#store.createUpload({ id, ...destination, owner, isPart, concat, metadata, length });
  }
}

interface Begun {
  readonly name: string | undefined;
  readonly metadata: string | undefined;
  readonly concat: string | undefined;
  readonly isPart: boolean;
  readonly length: number | undefined;
}

type Joined = Omit<Begun, "isPart" | "length"> & { readonly parts: readonly string[] };

function lengthOf({ request }: Asked): number | undefined {
  const { headers } = request;
  const length = sizeOf(headers.get("Upload-Length"), "Upload-Length");
  const deferred = headers.get("Upload-Defer-Length");
  if (deferred !== undefined && deferred !== "1") throw new RequestError(400, "Upload-Defer-Length must be 1");
  if ((length === undefined) === (deferred === undefined)) {
    throw new RequestError(400, "An upload begins with either Upload-Length or Upload-Defer-Length");
  }
  return length;
}

function sizeOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined) throw new RequestError(400, `${name} must be a number`);
  return size;
}

/** The name of the file, one segment, by the metadata. */
function nameOf(metadata: string | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  const pairs = parseMetadata(metadata);
  if (pairs === undefined) throw new RequestError(400, "Upload-Metadata is malformed");
  const given = pairs.get("filename");
  if (given === undefined || given.length === 0) return undefined;
  const name = given.toString();
  if (name.includes("/") || !Buffer.from(name).equals(given)) {
    throw new RequestError(400, "The file name must be one segment in UTF-8");
  }
  const found = filePathOfName(name);
  if (found.type === "refused") throw new RequestError(found.status, found.message);
  return found.path;
}

function expiryOf({ state, expiresMs }: ResumableUpload): readonly Field[] {
  return state.type === "partial" ? [["Upload-Expires", formatHttpDate(expiresMs)]] : [];
}
