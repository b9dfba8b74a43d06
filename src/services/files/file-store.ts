import type { Published, UploadHead } from "./journal.ts";
import type { Destination } from "./publisher.ts";
import type { Author } from "./receipts.ts";
import type { AppendOptions, UploadState } from "./upload-space.ts";
import type { NewUpload } from "./uploads.ts";

/** Where the files of a service are. A store on other storage, such as S3, implements this. */
export interface FileStore {
  /**
   * Receives a whole file in one request, which cannot be resumed.
   *
   * @throws StoreError `EXISTS`, `IS_FOLDER`, `NOT_FOLDER`, `FORBIDDEN`, `NAME_TOO_LONG`, `TOO_LARGE`, `QUOTA`, `NO_SPACE`.
   */
  receive(destination: Destination, options: ReceiveOptions): Promise<FileReceiver>;
  /** Begins an upload in several requests. @throws StoreError as {@link receive}, `TOO_MANY_UPLOADS`. */
  createUpload(upload: NewUpload): Promise<ResumableUpload>;
  /** The upload of an ID; undefined when there is none. */
  findUpload(id: string): ResumableUpload | undefined;
  /** Ends an older request on an upload and removes it: nothing of it is left. The file of one that is published stays. */
  removeUpload(id: string): Promise<void>;
  /** Removes a file or an empty folder. @throws StoreError `MISSING`, `NOT_EMPTY`, `FORBIDDEN`. */
  remove(path: string, author: Author): Promise<void>;
  /**
   * Gives a file or folder another path. @returns whether there was nothing at the new path.
   *
   * @throws StoreError `MISSING`, `EXISTS`, `IS_FOLDER`, `NOT_FOLDER`, `FORBIDDEN`.
   */
  move(from: string, to: string, isReplacing: boolean, author: Author): Promise<boolean>;
  /** Makes a folder. @throws StoreError `EXISTS`, `MISSING` where the folder above is missing, `FORBIDDEN`. */
  makeFolder(path: string): Promise<void>;
  /** Whether there is something at a path, and what. */
  typeOf(path: string): Promise<"file" | "folder" | undefined>;
  /** The SHA-256 of a file in hexadecimal, if it is known; with `isComputed`, it is read when it is not. */
  sha256Of(path: string, isComputed: boolean): Promise<string | undefined>;
}

/** A whole file that is expected. */
export interface ReceiveOptions {
  /** Its length, if the client has said it. */
  readonly length?: number | undefined;
  readonly author: Author;
}

/** Takes the bytes of one request. */
export interface ByteReceiver {
  /** Bytes of the file with all that were appended. */
  readonly offset: number;
  /** Called when the store ends the request, for a newer one or because of an error: {@link append} throws from then on. */
  onSuperseded: (() => void) | undefined;
  /**
   * Appends bytes, which are copied. Returns a promise when the caller has to wait before the next call.
   *
   * @throws StoreError; the promise rejects with the same.
   */
  append(bytes: Uint8Array): Promise<void> | undefined;
}

/** Receives a whole file. One of its two ends must be called. */
export interface FileReceiver extends ByteReceiver {
  /** Publishes the file. @param expected - the SHA-256 that it must have, in hexadecimal. */
  finish(expected?: string): Promise<Published>;
  /** Nothing is left of the file. */
  discard(): Promise<void>;
}

/** Receives a part of an upload. One of its two ends must be called. */
interface UploadReceiver extends ByteReceiver {
  /** Keeps what was received. Resolves with the offset that is on the disk. */
  end(): Promise<number>;
  /** Removes what was received by this request. Resolves with the offset that is on the disk. */
  discard(): Promise<number>;
}

/** A file that arrives in several requests; a newer request ends an older one. */
export interface ResumableUpload {
  readonly head: UploadHead;
  readonly length: number | undefined;
  readonly state: UploadState;
  /** When it expires if nothing more arrives; wall clock, ms since 1970. */
  readonly expiresMs: number;
  /** The bytes on the disk. @throws StoreError `GONE`, `MISSING`, `CHECKING`. */
  offset(): Promise<number>;
  /** @throws StoreError `BAD_OFFSET`, `GONE`, `MISSING`, `CHECKING`, `NO_SPACE`. */
  append(options: AppendOptions): Promise<UploadReceiver>;
  /** @throws StoreError `BAD_LENGTH`, `TOO_LARGE`, `QUOTA`. */
  setLength(length: number): Promise<void>;
  /** @throws StoreError `BAD_LENGTH`, `BAD_DIGEST`, `EXISTS` and others of {@link FileStore.receive}. */
  finish(expected: string | undefined, author: Author): Promise<Published>;
  /** The bytes on the disk, for an upload that is made of others. */
  read(): AsyncIterable<Uint8Array>;
}
