import type { FileHandle } from "node:fs/promises";
import type { ByteRange } from "../../http/byte-ranges.ts";
import type { ContentCoding } from "../../http/content-codings.ts";
import { formatHttpDate, hasHttpDate } from "../../http/http-date.ts";
import { FileBody } from "../../http/service/file-body.ts";
import { PreparedResponse } from "../../http/service/prepared-response.ts";
import type { FileContent } from "./file-content.ts";
import { SharedFile } from "./shared-file.ts";
import type { SiteAnswer } from "./site-answer.ts";

/** Limits the size of a file kept in memory; larger ones stay open, because sendfile(2) is cheaper for them than a copy from memory. */
export const MAX_KEPT_CONTENT_BYTES = 32 * 1024;
/** What an answer in memory takes besides its bytes. */
export const ANSWER_BYTES = 1_024;

type Field = readonly [name: string, value: string];

/** What is said of a form of a file. */
export interface RepresentationHead {
  readonly coding: ContentCoding;
  readonly mediaType: string;
  readonly cacheControl: string | undefined;
  /** Those besides the ones that this interface names, such as Vary: they are in each answer, also in a 304, a 412 and a 416. */
  readonly fields: readonly Field[];
}

/** One form of a file, as it is or precompressed, and its answers that do not depend on the request. */
export class Representation {
  readonly coding: ContentCoding;
  readonly etag: string;
  /** When this form was modified, and not its file: it can be made anew. Undefined where that has not come, or has no date. */
  readonly lastModifiedMs: number | undefined;
  /** In bytes. */
  readonly length: number;
  readonly mediaType: string;
  /** The fields of a 200, and of a 206 with one range, but those of its length. */
  readonly fields: readonly Field[];
  /** Those of them that are in each answer. */
  readonly commonFields: readonly Field[];
  /** To a condition that names this very state. */
  readonly notModified: PreparedResponse;
  /** Has the content itself, where that is in memory. */
  readonly #whole: PreparedResponse;
  readonly #file: SharedFile | undefined;

  /** @param handle - of the file, which belongs to this from now on. */
  constructor(content: FileContent, head: RepresentationHead, handle: FileHandle) {
    const { coding, mediaType, cacheControl } = head;
    this.coding = coding;
    this.etag = content.tag;
    const modifiedMs = Number(content.stat.mtimeNs / 1_000_000n);
    // RFC 9110, section 8.8.2.1: no date is said that is later than Date.
    this.lastModifiedMs = modifiedMs > Date.now() || !hasHttpDate(modifiedMs) ? undefined : modifiedMs;
    this.length = content.bytes?.length ?? content.stat.size;
    this.mediaType = mediaType;
    this.commonFields = head.fields;
    const validators: Field[] = [["ETag", content.tag]];
    if (cacheControl !== undefined) validators.push(["Cache-Control", cacheControl]);
    validators.push(...head.fields);
    if (this.lastModifiedMs !== undefined) validators.unshift(["Last-Modified", formatHttpDate(this.lastModifiedMs)]);
    const type: Field[] = [["Content-Type", mediaType]];
    if (coding !== "identity") type.push(["Content-Encoding", coding]);
    this.fields = [...type, ["Accept-Ranges", "bytes"], ...validators];
    this.notModified = new PreparedResponse({ status: 304, headers: validators });
    if (content.bytes !== undefined && (content.isAltered || content.bytes.length <= MAX_KEPT_CONTENT_BYTES)) {
      this.#whole = new PreparedResponse({ headers: this.fields, body: content.bytes });
      // Of a file that was read nothing is lost, whatever close(2) says.
      handle.close().catch(() => undefined);
    } else {
      const file = new SharedFile(handle, content.stat);
      const whole = { first: 0, last: this.length - 1 };
      const open = (): FileBody => partOf(file, whole);
      this.#file = file;
      this.#whole = new PreparedResponse({ headers: this.fields, body: { length: this.length, open } });
    }
  }

  /** What it takes of memory. */
  get heldBytes(): number {
    return 2 * ANSWER_BYTES + (this.isOpen ? 0 : this.length);
  }

  /** Whether it holds a descriptor. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Whether what is sent of it now is what its fields say. */
  get isCurrent(): boolean {
    return this.#file?.isCurrent ?? true;
  }

  /** 200 with all of it. */
  whole(): SiteAnswer {
    return this.#whole;
  }

  /** A part of it as a body. */
  part(range: ByteRange): Uint8Array | FileBody {
    if (this.#file === undefined) return this.#whole.body.subarray(range.first, range.last + 1);
    return partOf(this.#file, range);
  }

  /** Nobody asks for it any more; what is being sent of it is sent to its end. */
  close(): void {
    this.#file?.release();
  }
}

function partOf(file: SharedFile, { first, last }: ByteRange): FileBody {
  const { handle, isUnchanged, release } = file;
  file.use();
  return new FileBody(handle, { offset: first, length: last - first + 1, isUnchanged, release });
}
