import { formatSha256 } from "../../http/digest-fields.ts";
import { type PartialContent, parsePartialContent } from "../../http/partial-put.ts";
import type { HttpResponse } from "../../http/service/http-response.ts";
import { RequestError } from "../../http/service/request-error.ts";
import { appendBody } from "./append-body.ts";
import { BodyCheck, expectedSha256 } from "./body-check.ts";
import type { Destinations } from "./destination.ts";
import {
  completeField,
  type DraftRequest,
  type DraftVersion,
  readDraftFields,
  uploadLimit,
  versionFields,
} from "./draft-fields.ts";
import { encodedPath } from "./file-path.ts";
import type { FileStore, ResumableUpload } from "./file-store.ts";
import type { Published } from "./journal.ts";
import { StoreError } from "./store-error.ts";
import { uploadLocation } from "./upload-location.ts";
import { newUploadId } from "./uploads.ts";
import type { Asked } from "./visitor.ts";

/** The media type of the body of PATCH. */
export const PARTIAL_UPLOAD = "application/partial-upload";
/** Draft -15, section 5: the server supports the upload, and says where it is. */
const RESUMPTION_SUPPORTED = 104;

type Field = readonly [name: string, value: string];

/** Uploads by the draft draft-ietf-httpbis-resumable-upload-15, and its interop versions 3, 5 and 6; and appends by curl with Content-Range. */
export class DraftDoor {
  readonly #store: FileStore;
  readonly #destinations: Destinations;
  readonly #maxBytes: number;

  constructor(store: FileStore, destinations: Destinations, maxBytes: number) {
    this.#store = store;
    this.#destinations = destinations;
    this.#maxBytes = maxBytes;
  }

  /** The value of Upload-Limit for uploads to come. */
  get limit(): string {
    return `max-size=${this.#maxBytes}`;
  }

  /** POST or PUT to a file. */
  async create(asked: Asked, pathOf: (id: string) => string): Promise<HttpResponse> {
    const { request, context, author, visitor } = asked;
    const { headers } = request;
    const fields = readDraftFields(headers);
    const length = announcedLength(asked, fields, 0);
    const expected = expectedSha256(headers);
    const check = BodyCheck.ofContent(headers);
    const id = newUploadId();
    const destination = await this.#destinations.of(asked, pathOf(id));
    const upload = await this.#store.createUpload({ id, ...destination, owner: visitor.user, isPart: false, length });
    const location: Field = ["Location", uploadLocation(request.mountPath, id)];
    const { version } = fields;
    context.inform(RESUMPTION_SUPPORTED, [location, this.#limitField(upload), ...versionFields(version)]);
    const offset = await appendBody(asked, upload, 0, check);
    const own = [location, this.#limitField(upload), ["Upload-Offset", `${offset}`]] as const;
    if (fields.isComplete !== true) {
      return { status: 201, headers: [...own, completeField(version, false), ...versionFields(version)] };
    }
    const published = await upload.finish(expected, author);
    // RFC 9110, section 9.3.4: 201 for a new file. The Location stays the one of the 104.
    return {
      status: published.isNew ? 201 : 200,
      headers: [...own, completeField(version, true), ...versionFields(version), ...digestOf(published)],
    };
  }

  /** HEAD or GET of an upload. */
  async head({ request }: Asked, upload: ResumableUpload): Promise<HttpResponse> {
    const { version } = readDraftFields(request.headers);
    const offset = await upload.offset();
    const { length, state } = upload;
    return {
      status: 204,
      headers: [
        ["Upload-Offset", `${offset}`],
        completeField(version, state.type === "published"),
        ...(length === undefined ? [] : [["Upload-Length", `${length}`] as const]),
        this.#limitField(upload),
        ...versionFields(version),
        ["Cache-Control", "no-store"],
      ],
    };
  }

  /** PATCH of an upload. */
  async patch(asked: Asked, upload: ResumableUpload): Promise<HttpResponse> {
    const { headers } = asked.request;
    const fields = readDraftFields(headers);
    const { version, isComplete, offset } = fields;
    const isOld = version === 3 || version === 5;
    const mediaType = headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase();
    if (!isOld && mediaType !== PARTIAL_UPLOAD) {
      throw new RequestError(415, `The body of PATCH is ${PARTIAL_UPLOAD}`, {
        headers: { "Accept-Patch": PARTIAL_UPLOAD },
      });
    }
    if (offset === undefined) throw new RequestError(400, "PATCH needs Upload-Offset");
    if (isComplete === undefined) throw new RequestError(400, "PATCH needs Upload-Complete");
    const length = announcedLength(asked, fields, offset);
    return await this.#append(asked, upload, { version, isComplete, offset, length });
  }

  /** PUT of an upload, with Content-Range: what curl -C sends. Without it, as for -C 0, the body is the whole. */
  async put(asked: Asked, upload: ResumableUpload): Promise<HttpResponse> {
    const { headers } = asked.request;
    const text = headers.get("Content-Range");
    if (text === undefined) {
      const content = headers.get("Content-Length");
      const whole = content === undefined ? undefined : Number(content);
      return await this.#append(asked, upload, { version: "newest", isComplete: true, offset: 0, length: whole });
    }
    const { first, last, length } = partialContentOf(text, headers.get("Content-Length"));
    const isComplete = (length ?? upload.length) === last + 1;
    return await this.#append(asked, upload, { version: "newest", isComplete, offset: first, length });
  }

  async #append(
    asked: Asked,
    upload: ResumableUpload,
    { version, isComplete, offset, length }: Append,
  ): Promise<HttpResponse> {
    const { headers, mountPath } = asked.request;
    const expected = expectedSha256(headers);
    const check = BodyCheck.ofContent(headers);
    if (upload.state.type !== "published") {
      if (length !== undefined && upload.length !== length) {
        const at = await upload.offset();
        if (at !== offset) throw new StoreError("BAD_OFFSET", "The upload is at another offset", { offset: at });
        await upload.setLength(length);
      }
      const reached = await appendBody(asked, upload, offset, check);
      if (!isComplete) {
        return {
          status: 204,
          headers: [
            ["Upload-Offset", `${reached}`],
            completeField(version, false),
            this.#limitField(upload),
            ...versionFields(version),
          ],
        };
      }
    }
    // A client that has lost the answer to its last request sends it again, without a body.
    const published = await this.#finish(asked, upload, offset, expected);
    return {
      status: published.isNew ? 201 : 204,
      headers: [
        ["Location", mountPath + encodedPath(published.path)],
        ["Upload-Offset", `${published.size}`],
        completeField(version, true),
        ...versionFields(version),
        ...digestOf(published),
      ],
    };
  }

  async #finish(
    asked: Asked,
    upload: ResumableUpload,
    offset: number,
    expected: string | undefined,
  ): Promise<Published> {
    const { state } = upload;
    if (state.type !== "published") return await upload.finish(expected, asked.author);
    const { published } = state;
    const isEmpty = (asked.request.headers.get("Content-Length") ?? "0") === "0";
    if (offset === published.size && isEmpty) return published;
    throw new StoreError("BAD_OFFSET", "The upload is complete", { offset: published.size });
  }

  #limitField({ expiresMs }: ResumableUpload): Field {
    return ["Upload-Limit", uploadLimit(this.#maxBytes, expiresMs - Date.now())];
  }
}

interface Append {
  readonly version: DraftVersion;
  readonly isComplete: boolean;
  readonly offset: number;
  readonly length: number | undefined;
}

/** The length of the whole file, as far as the request says it: draft -15, section 4.1.3. @throws StoreError `BAD_LENGTH`. */
function announcedLength({ request }: Asked, { isComplete, length }: DraftRequest, offset: number): number | undefined {
  const content = request.headers.get("Content-Length") ?? (request.headers.has("Transfer-Encoding") ? undefined : "0");
  const byContent = isComplete === true && content !== undefined ? offset + Number(content) : undefined;
  if (length !== undefined && byContent !== undefined && length !== byContent) {
    throw new StoreError("BAD_LENGTH", "Upload-Length and Content-Length do not agree");
  }
  return length ?? byContent;
}

function partialContentOf(text: string, content: string | undefined): PartialContent {
  const range = parsePartialContent(text);
  if (range === undefined) throw new RequestError(400, "Content-Range is malformed: bytes FIRST-LAST/LENGTH");
  if (content !== undefined && Number(content) !== range.last - range.first + 1) {
    throw new RequestError(400, "Content-Range and Content-Length do not agree");
  }
  return range;
}

function digestOf({ sha256 }: Published): readonly Field[] {
  return sha256 === undefined ? [] : [["Repr-Digest", formatSha256(sha256)]];
}
