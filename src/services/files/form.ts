import type { Readable } from "node:stream";
import { Busboy } from "@fastify/busboy";
import { RequestError } from "../../http/service/request-error.ts";
import type { FileReceiver } from "./file-store.ts";

/** Limits the files of a form; each keeps a descriptor open until all of the form has arrived. Then 413. */
export const MAX_FORM_FILES = 256;
/** Limits the parts of a form that are no files, which are passed over. Then 413. */
export const MAX_FORM_FIELDS = 256;
/** Limits the bytes of a field of a form that is no file; more are passed over. */
export const MAX_FORM_FIELD_BYTES = 64 * 1024;
/** Limits the header fields of a part of a form; more are passed over. */
export const MAX_PART_HEADERS = 32;
/** Limits the bytes of the header fields of a part of a form; more are passed over. */
export const MAX_PART_HEADER_BYTES = 16 * 1024;

/** A file of a form that has arrived, and is not published yet. */
export interface FormFile {
  /** As the client sent it; it may have folders. */
  readonly fileName: string;
  readonly receiver: FileReceiver;
}

/**
 * Receives a form, `multipart/form-data` of RFC 7578: all its files, whatever their fields are called. Fields without a file name, and
 * those in which no file was chosen, are passed over. Either all files have arrived when this returns, or none is left.
 *
 * @param begin - begins to receive a file.
 * @throws RequestError 400 for a malformed form, 413 · the errors of `begin` and of the receivers · the error of the body.
 */
export async function receiveForm(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  begin: (fileName: string) => Promise<FileReceiver>,
): Promise<readonly FormFile[]> {
  const form = new Form(contentType, begin);
  try {
    for await (const piece of body) await form.write(piece);
    return await form.end();
  } catch (error) {
    await form.discard();
    throw error;
  }
}

class Form {
  readonly #parser: InstanceType<typeof Busboy>;
  readonly #begin: (fileName: string) => Promise<FileReceiver>;
  /** In the order of the form. */
  readonly #files: Promise<FormFile>[] = [];
  readonly #receivers: FileReceiver[] = [];
  readonly #streams: Readable[] = [];
  readonly #finished: Promise<void>;
  #failure: { readonly error: unknown } | undefined;
  /** Rejects the call that waits. */
  #reject: (error: unknown) => void = () => undefined;

  constructor(contentType: string, begin: (fileName: string) => Promise<FileReceiver>) {
    this.#begin = begin;
    this.#parser = parserOf(contentType);
    this.#finished = new Promise((resolve) => this.#parser.once("finish", () => resolve()));
    this.#parser.on("error", (cause) => this.#fail(malformed(cause)));
    for (const limit of ["filesLimit", "fieldsLimit", "partsLimit"] as const) {
      this.#parser.on(limit, () => this.#fail(new RequestError(413, "The form has too many parts")));
    }
    this.#parser.on("file", (_, stream, fileName: string | undefined) => {
      // It fails with the parser, which says why.
      stream.on("error", () => undefined);
      this.#streams.push(stream);
      if (fileName === undefined || fileName === "") {
        stream.resume();
        return;
      }
      const receiving = this.#receive(stream, fileName);
      // The next piece of the body, or the end, fails with it.
      receiving.catch(() => undefined);
      this.#files.push(receiving);
    });
  }

  /** Resolves when the receivers have taken the piece. */
  async write(piece: Uint8Array): Promise<void> {
    await this.#unlessFailed(new Promise<void>((resolve) => this.#parser.write(piece, () => resolve())));
  }

  async end(): Promise<readonly FormFile[]> {
    this.#parser.end();
    await this.#unlessFailed(this.#finished);
    const files = Promise.all(this.#files);
    await this.#unlessFailed(files);
    return await files;
  }

  async discard(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await Promise.allSettled(this.#files);
    await Promise.all(this.#receivers.map((receiver) => receiver.discard()));
  }

  /** Not by Promise.race(): each call would leave something behind in a promise that lives as long as the form. */
  #unlessFailed(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#failure !== undefined) reject(this.#failure.error);
      else work.then(() => resolve(), reject);
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reject(this.#failure.error);
  }

  async #receive(stream: Readable, fileName: string): Promise<FormFile> {
    try {
      const receiver = await this.#begin(fileName);
      this.#receivers.push(receiver);
      for await (const piece of stream as AsyncIterable<Uint8Array>) await receiver.append(piece);
      return { fileName, receiver };
    } catch (error) {
      // The call that waits fails now, and not at the end of the form.
      this.#fail(error);
      throw error;
    }
  }
}

function parserOf(contentType: string): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      // The names are checked, and not silently cut.
      preservePath: true,
      limits: {
        files: MAX_FORM_FILES,
        fields: MAX_FORM_FIELDS,
        parts: MAX_FORM_FILES + MAX_FORM_FIELDS,
        fieldSize: MAX_FORM_FIELD_BYTES,
        headerPairs: MAX_PART_HEADERS,
        headerSize: MAX_PART_HEADER_BYTES,
      },
    });
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): RequestError {
  return new RequestError(400, "The form is not multipart/form-data of RFC 7578, or is cut off", { cause });
}
