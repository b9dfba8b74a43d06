import { codeOf } from "../../socket/values.ts";
import { type Entry, entryOf } from "./entry.ts";
import { MAX_MESSAGE_BYTES } from "./frame.ts";
import { type Arrived, type FrameStream, failureOf } from "./frame-stream.ts";
import type { CompleteFile, FileEntry, Inbox } from "./inbox.ts";
import type { IncomingFile } from "./incoming-file.ts";
import { TransferError } from "./transfer-error.ts";

/** Limits the files that get their names together. */
export const MAX_BATCH_FILES = 64;
/** Limits the entries that a sender may have offered and that are not stored; it waits at this number. */
export const MAX_OPEN_ENTRIES = 1_024;
/** Limits the connections of one session. */
export const MAX_STREAMS = 16;

/** What a receiver tells its program. */
export type ReceiverEvent =
  | { readonly type: "begun"; readonly path: string; readonly size: number; readonly offset: number }
  | { readonly type: "bytes"; readonly bytes: number }
  | { readonly type: "stored"; readonly path: string; readonly sha256: string }
  | { readonly type: "refused"; readonly path: string; readonly error: TransferError }
  | { readonly type: "complete"; readonly files: number; readonly bytes: number }
  /** A connection has ended with an error of its peer. */
  | { readonly type: "ended"; readonly error: TransferError };

/** What a session needs of its receiver. */
export interface ReceiverSessionOptions {
  readonly inbox: Inbox;
  readonly isSkipping: boolean;
  readonly onEvent?: ((event: ReceiverEvent) => void) | undefined;
}

/** A file that a sender was asked for. */
interface Wanted {
  readonly entry: FileEntry;
  readonly file: IncomingFile;
}

/** One run of a sender, over one connection or several. It ends with the first of them that is lost. */
export class ReceiverSession {
  readonly id: string;
  /** Whether the sender knows that all is stored. */
  isDone = false;
  readonly #options: ReceiverSessionOptions;
  readonly #streams = new Set<FrameStream>();
  #hasLeft = (): void => undefined;
  readonly #left = new Promise<void>((resolve) => (this.#hasLeft = resolve));
  /** The first stream, over which entries are offered and answered. */
  #control: FrameStream | undefined;
  readonly #wanted = new Map<number, Wanted>();
  /** Files that arrive. */
  readonly #current = new Set<Wanted>();
  #complete: CompleteFile[] = [];
  #storing: Promise<void> | undefined;
  /** Whether the sender has offered all. */
  #isOffered = false;
  /** Whether the sender has been told that all is stored. */
  #isConcluded = false;
  #isEnding = false;
  #files = 0;
  #bytes = 0;

  constructor(id: string, options: ReceiverSessionOptions) {
    this.id = id;
    this.#options = options;
  }

  /** Serves one of its connections. */
  async serve(stream: FrameStream, arriving: AsyncGenerator<Arrived>): Promise<void> {
    if (this.#isEnding || this.#streams.size >= MAX_STREAMS)
      throw new TransferError("PROTOCOL", "The session has ended, or has its number of connections");
    stream.limitMessages(MAX_MESSAGE_BYTES);
    this.#streams.add(stream);
    this.#control ??= stream;
    try {
      await this.#receive(stream, arriving);
    } catch (error) {
      throw transferErrorOf(error);
    } finally {
      this.#streams.delete(stream);
      if (stream === this.#control || !this.#isConcluded) this.#stop();
      if (this.#streams.size === 0) await this.#leave();
    }
  }

  /** Ends its connections, and waits until what has arrived is kept. */
  async end(): Promise<void> {
    this.#stop();
    if (this.#streams.size === 0) await this.#leave();
    await this.#left;
  }

  #stop(): void {
    this.#isEnding = true;
    for (const { connection } of this.#streams) connection.abort();
  }

  async #leave(): Promise<void> {
    await this.#storing;
    const left = [...this.#wanted.values(), ...this.#current, ...this.#complete];
    this.#wanted.clear();
    this.#current.clear();
    this.#complete = [];
    await Promise.all(left.map(({ entry, file }) => this.#options.inbox.pause(entry, file)));
    this.#hasLeft();
  }

  async #receive(stream: FrameStream, arriving: AsyncGenerator<Arrived>): Promise<void> {
    /** The file whose bytes come. */
    let current: Wanted | undefined;
    for await (const arrived of arriving) {
      if (arrived.type === "data") {
        if (current === undefined) throw new TransferError("PROTOCOL", "The sender sent bytes of no file");
        await this.#append(current, arrived.bytes);
        continue;
      }
      const { letter, fields } = arrived;
      switch (letter) {
        case "O":
          await this.#offer(stream, fields["entries"]);
          break;
        case "F":
          if (current !== undefined) throw new TransferError("PROTOCOL", "The sender began a file within another");
          current = await this.#begin(fields);
          break;
        case "E":
          if (current === undefined)
            throw new TransferError("PROTOCOL", "The sender ended a file that it had not begun");
          await this.#finish(current, fields["sha256"]);
          current = undefined;
          break;
        case "X":
          await this.#giveUp(current ?? this.#takeWanted(fields["id"]), failureOf(fields));
          current = undefined;
          break;
        case "Z":
          this.#isOffered = true;
          await this.#conclude();
          break;
        case "B":
          this.isDone = true;
          break;
        default:
          throw new TransferError("PROTOCOL", `The sender sent a message ${letter}`);
      }
    }
  }

  async #append({ entry, file }: Wanted, bytes: Buffer): Promise<void> {
    if (file.length + bytes.length > entry.size)
      throw new TransferError("PROTOCOL", "The sender sent more bytes than it offered");
    await file.append(bytes);
    this.#bytes += bytes.length;
    this.#options.onEvent?.({ type: "bytes", bytes: bytes.length });
  }

  async #offer(stream: FrameStream, given: unknown): Promise<void> {
    if (stream !== this.#control || !Array.isArray(given) || this.#isOffered)
      throw new TransferError("PROTOCOL", "The sender offered entries where it may not");
    const entries = given.map(entryOf);
    if (this.#wanted.size + this.#complete.length + entries.length > MAX_OPEN_ENTRIES)
      throw new TransferError("PROTOCOL", `The sender offered more than ${MAX_OPEN_ENTRIES} entries at a time`);
    const answers = await Promise.allSettled(entries.map((entry) => this.#answer(entry)));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    stream.send("W", { answers: answers.map((answer) => answer.status === "fulfilled" && answer.value) });
  }

  async #answer(entry: Entry): Promise<unknown> {
    const { id, path } = entry;
    try {
      const offered = await this.#options.inbox.offer(entry, this.#options.isSkipping);
      if (offered.type !== "wanted" || entry.type !== "file") return { id, is: offered.type };
      const { file } = offered;
      if (this.#isEnding || this.#wanted.has(id)) {
        await this.#options.inbox.pause(entry, file);
        throw new TransferError("PROTOCOL", "The sender offered two entries of one id, or the session has ended");
      }
      this.#wanted.set(id, { entry, file });
      return { id, is: offered.type, ...file.prefix };
    } catch (error) {
      if (!(error instanceof TransferError) || error.code === "PROTOCOL") throw error;
      this.#options.onEvent?.({ type: "refused", path, error });
      return { id, is: "refused", code: error.code, message: error.message };
    }
  }

  async #begin({ id, offset }: Readonly<Record<string, unknown>>): Promise<Wanted> {
    const wanted = this.#takeWanted(id);
    const { entry, file } = wanted;
    if (offset === 0 && file.length > 0) await file.restart();
    if (offset !== file.length) throw new TransferError("PROTOCOL", "The sender began a file at another offset");
    this.#options.onEvent?.({ type: "begun", path: entry.path, size: entry.size, offset: file.length });
    return wanted;
  }

  #takeWanted(id: unknown): Wanted {
    const wanted = typeof id === "number" ? this.#wanted.get(id) : undefined;
    if (wanted === undefined) throw new TransferError("PROTOCOL", "The sender speaks of a file that is not wanted");
    this.#wanted.delete(wanted.entry.id);
    this.#current.add(wanted);
    return wanted;
  }

  async #finish(wanted: Wanted, sha256: unknown): Promise<void> {
    const { entry, file } = wanted;
    this.#current.delete(wanted);
    const digest = file.digest();
    if (file.length === entry.size && digest === sha256 && !this.#isEnding) {
      this.#complete.push({ entry, file, sha256: digest });
      this.#storing ??= this.#store().catch((error: unknown) => this.#fail(error));
      return;
    }
    await this.#options.inbox.discard(entry, file);
    this.#refuse(entry, new TransferError("DIGEST", "The bytes that arrived are not those that were sent"));
    await this.#conclude();
  }

  async #giveUp(wanted: Wanted, error: TransferError): Promise<void> {
    const { entry, file } = wanted;
    this.#current.delete(wanted);
    await this.#options.inbox.pause(entry, file);
    this.#options.onEvent?.({ type: "refused", path: entry.path, error });
    await this.#conclude();
  }

  /** Stores what is complete, batch after batch: what completes meanwhile is the next one. */
  async #store(): Promise<void> {
    while (this.#complete.length > 0) {
      const batch = this.#complete.splice(0, MAX_BATCH_FILES);
      const outcomes = await this.#options.inbox.store(batch);
      const ids: number[] = [];
      for (const [index, { entry, sha256 }] of batch.entries()) {
        const error = outcomes[index];
        if (error !== undefined) {
          this.#refuse(entry, error);
          continue;
        }
        ids.push(entry.id);
        this.#files++;
        this.#options.onEvent?.({ type: "stored", path: entry.path, sha256 });
      }
      if (ids.length > 0) this.#control?.send("S", { ids });
    }
    this.#storing = undefined;
    await this.#conclude();
  }

  /** Tells the sender that all is stored, when it is. */
  async #conclude(): Promise<void> {
    const isBusy = this.#wanted.size + this.#current.size + this.#complete.length > 0 || this.#storing !== undefined;
    if (!this.#isOffered || isBusy || this.#isConcluded || this.#isEnding) return;
    this.#isConcluded = true;
    await this.#options.inbox.finishFolders();
    this.#control?.send("Y", { files: this.#files, bytes: this.#bytes });
    this.#options.onEvent?.({ type: "complete", files: this.#files, bytes: this.#bytes });
  }

  #refuse({ id, path }: Entry, error: TransferError): void {
    this.#control?.send("R", { id, code: error.code, message: error.message });
    this.#options.onEvent?.({ type: "refused", path, error });
  }

  /** Ends the session because the inbox cannot store. */
  async #fail(error: unknown): Promise<void> {
    const reason = transferErrorOf(error);
    const told =
      reason instanceof TransferError ? reason : new TransferError("UNWRITABLE", "The receiver cannot store");
    this.#options.onEvent?.({ type: "ended", error: told });
    await this.#control?.refuse(told).catch(() => undefined);
    this.#stop();
  }
}

/** The error with which a session ends for its sender. */
function transferErrorOf(error: unknown): unknown {
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT")
    return new TransferError("NO_SPACE", "The receiver's disk is full", { cause: error });
  return error;
}
