import { randomUUID } from "node:crypto";
import type { Connection } from "../../server/connection/connection.ts";
import { DATA, frameHeader, MAX_MESSAGE_BYTES } from "./frame.ts";
import { type Arrived, FrameStream, failureOf, type Message } from "./frame-stream.ts";
import type { Prefix } from "./incoming-file.ts";
import { OUTGOING_BLOCK_SIZE, OutgoingFile } from "./outgoing-file.ts";
import { TRANSFER_VERSION } from "./receiver.ts";
import { MAX_OPEN_ENTRIES } from "./receiver-session.ts";
import type { SenderKey } from "./sender-key.ts";
import type { Found, SourceEntry } from "./source-tree.ts";
import { TransferError } from "./transfer-error.ts";

/** Limits the entries of one offer. */
export const MAX_OFFERED_ENTRIES = 64;
/** An offer is sent when it has so many bytes; one entry more fits into a message. */
const OFFER_SIZE = MAX_MESSAGE_BYTES / 2;
/** The default of `streams`: connections of a transfer. */
export const DEFAULT_STREAMS = 4;

/** What a sender needs. */
export interface SenderOptions {
  /** Opens a connection to the receiver, which has proved to be that of the ticket. */
  readonly connect: () => Promise<Connection>;
  readonly secret: string;
  readonly key: SenderKey;
  readonly entries: AsyncIterable<Found>;
  /** Limits the connections; a further one is opened when a file waits. 1 to 16, default 4. */
  readonly streams?: number | undefined;
  /** Whether files that are there are not to be compared. */
  readonly isSkipping?: boolean | undefined;
  readonly onEvent?: ((event: SenderEvent) => void) | undefined;
}

/** What a sender tells its program. */
export type SenderEvent =
  | { readonly type: "offered"; readonly path: string; readonly size: number }
  /** All has been offered. */
  | { readonly type: "walked" }
  /** Bytes that left, or that the receiver had. */
  | { readonly type: "bytes"; readonly bytes: number; readonly isThere: boolean }
  | { readonly type: "stored"; readonly path: string }
  | { readonly type: "there"; readonly path: string }
  | { readonly type: "refused"; readonly path: string; readonly error: TransferError };

/** What has become of a transfer. */
export interface Sent {
  /** Files that this run has stored. */
  readonly stored: number;
  /** Entries that the receiver had. */
  readonly there: number;
  /** Entries that were left out or refused. */
  readonly refused: number;
}

type FileSource = SourceEntry & { readonly type: "file" };

/**
 * Sends entries, and resolves when the receiver has confirmed that all of them are on its disk, or told which are not.
 *
 * @throws TransferError: the receiver refuses the transfer · the error that lost a connection: then a further call continues.
 */
export async function sendEntries(options: SenderOptions): Promise<Sent> {
  const sending = new Sending(options);
  return await sending.run();
}

class Sending {
  readonly #options: SenderOptions;
  readonly #session = randomUUID();
  readonly #streams = new Set<FrameStream>();
  /** Entries that were offered, and of which the receiver has not said the last word. */
  readonly #open = new Map<number, SourceEntry>();
  /** Files that the receiver wants, and no stream has begun. */
  readonly #queue: { readonly id: number; readonly entry: FileSource; readonly prefix: Prefix }[] = [];
  #wake: (() => void)[] = [];
  #isComplete = false;
  #failure: { readonly error: unknown } | undefined;
  #lanes: Promise<void>[] = [];
  #idleLanes = 0;
  #stored = 0;
  #there = 0;
  #refused = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  async run(): Promise<Sent> {
    try {
      const [control, arriving] = await this.#openStream();
      this.#startLane(control);
      const listening = this.#listen(arriving);
      await Promise.all([listening, this.#offerAll(control).catch((error: unknown) => this.#fail(error))]);
      await Promise.all(this.#lanes);
      if (this.#failure !== undefined) throw this.#failure.error;
      control.send("B", {});
      await Promise.all([...this.#streams].map(({ connection }) => connection.close()));
      return { stored: this.#stored, there: this.#there, refused: this.#refused };
    } catch (error) {
      this.#fail(error);
      await Promise.all(this.#lanes);
      throw this.#failure?.error ?? error;
    }
  }

  /** Opens a connection, and says who the sender is. */
  async #openStream(): Promise<[FrameStream, AsyncGenerator<Arrived>]> {
    const connection = await this.#options.connect();
    const stream = new FrameStream(connection);
    this.#streams.add(stream);
    const arriving = stream.arriving();
    const { v, challenge } = await nextMessage(arriving, "C");
    if (v !== TRANSFER_VERSION || typeof challenge !== "string")
      throw new TransferError("PROTOCOL", `The receiver does not speak version ${TRANSFER_VERSION}`);
    const { key, secret, isSkipping } = this.#options;
    stream.send("H", {
      v: TRANSFER_VERSION,
      session: this.#session,
      key: key.publicKey,
      secret,
      signature: key.sign(challenge),
      skipExisting: isSkipping === true,
    });
    await nextMessage(arriving, "A");
    return [stream, arriving];
  }

  async #offerAll(control: FrameStream): Promise<void> {
    let id = 0;
    let offer: unknown[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      if (offer.length > 0) control.send("O", { entries: offer });
      offer = [];
      size = 0;
      await control.connection.drained();
    };
    for await (const found of this.#options.entries) {
      if (this.#failure !== undefined) return;
      if (found.type === "left out") {
        this.#refuse(found.path, found.error);
        continue;
      }
      const { source: _, ...entry } = found.entry;
      this.#open.set(id, found.entry);
      this.#options.onEvent?.({ type: "offered", path: entry.path, size: entry.type === "file" ? entry.size : 0 });
      offer.push({ id: id++, ...entry });
      size += JSON.stringify(entry).length * 2;
      if (offer.length >= MAX_OFFERED_ENTRIES || size >= OFFER_SIZE) await flush();
      if (this.#open.size < MAX_OPEN_ENTRIES) continue;
      await flush();
      await this.#openEntriesHalved();
    }
    await flush();
    control.send("Z", { entries: id });
    this.#options.onEvent?.({ type: "walked" });
  }

  async #openEntriesHalved(): Promise<void> {
    while (this.#open.size > MAX_OPEN_ENTRIES / 2 && this.#failure === undefined) await this.#changed();
  }

  /** Reads what the receiver says, until it says that all is stored. */
  async #listen(arriving: AsyncGenerator<Arrived>): Promise<void> {
    try {
      for (;;) {
        const { value: arrived, done } = await arriving.next();
        if (done === true || arrived.type !== "message")
          throw new TransferError("PROTOCOL", "The receiver ended before it confirmed the transfer");
        this.#take(arrived);
        if (this.#isComplete) break;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#notify();
  }

  #take({ letter, fields }: Message): void {
    switch (letter) {
      case "W":
        if (Array.isArray(fields["answers"])) for (const answer of fields["answers"]) this.#answer(answer);
        break;
      case "S":
        if (Array.isArray(fields["ids"])) for (const id of fields["ids"]) this.#store(id);
        break;
      case "R":
        this.#refuse(this.#close(fields["id"]).path, failureOf(fields));
        break;
      case "Y":
        if (this.#open.size > 0)
          throw new TransferError("PROTOCOL", "The receiver confirmed the transfer before its last file");
        this.#isComplete = true;
        break;
      default:
        throw new TransferError("PROTOCOL", `The receiver sent a message ${letter}`);
    }
    this.#notify();
  }

  #answer(fields: Message["fields"]): void {
    const { id, is, offset, sha256 } = fields;
    if (is !== "wanted") {
      const { path } = this.#close(id);
      if (is === "refused") {
        this.#refuse(path, failureOf(fields));
      } else {
        this.#there++;
        this.#options.onEvent?.({ type: "there", path });
      }
      return;
    }
    const entry = typeof id === "number" ? this.#open.get(id) : undefined;
    if (entry?.type !== "file" || typeof id !== "number" || typeof offset !== "number" || typeof sha256 !== "string")
      throw new TransferError("PROTOCOL", "The receiver wants what was not offered");
    this.#queue.push({ id, entry, prefix: { offset, sha256 } });
    this.#widen();
  }

  #store(id: unknown): void {
    const { path } = this.#close(id);
    this.#stored++;
    this.#options.onEvent?.({ type: "stored", path });
  }

  #close(id: unknown): SourceEntry {
    const entry = typeof id === "number" ? this.#open.get(id) : undefined;
    if (entry === undefined || typeof id !== "number")
      throw new TransferError("PROTOCOL", "The receiver speaks of what was not offered");
    this.#open.delete(id);
    return entry;
  }

  #refuse(path: string, error: TransferError): void {
    this.#refused++;
    this.#options.onEvent?.({ type: "refused", path, error });
  }

  /** Opens a further stream when a file waits and no stream is free. */
  #widen(): void {
    const { streams = DEFAULT_STREAMS } = this.#options;
    if (this.#idleLanes > 0 || this.#queue.length < 2 || this.#lanes.length >= streams) return;
    const opening = this.#openStream().then(async ([stream, arriving]) => {
      // Nothing comes on it; its end is noticed by what is written.
      void arriving.return(undefined);
      await this.#lane(stream);
    });
    this.#lanes.push(opening.catch((error: unknown) => this.#fail(error)));
  }

  #startLane(stream: FrameStream): void {
    this.#lanes.push(this.#lane(stream).catch((error: unknown) => this.#fail(error)));
  }

  /** Sends files over one stream, one after another. */
  async #lane(stream: FrameStream): Promise<void> {
    const blocks = [Buffer.allocUnsafe(OUTGOING_BLOCK_SIZE), Buffer.allocUnsafe(OUTGOING_BLOCK_SIZE)] as const;
    for (;;) {
      while (this.#queue.length === 0) {
        if (this.#isComplete || this.#failure !== undefined) return;
        this.#idleLanes++;
        await this.#changed();
        this.#idleLanes--;
      }
      const next = this.#queue.shift();
      if (next !== undefined) await this.#sendFile(stream, next.id, next.entry, next.prefix, blocks);
    }
  }

  async #sendFile(
    stream: FrameStream,
    id: number,
    entry: FileSource,
    prefix: Prefix,
    blocks: readonly [Buffer, Buffer],
  ): Promise<void> {
    const { connection } = stream;
    const sent = [Promise.resolve(), Promise.resolve()];
    let file: OutgoingFile | undefined;
    try {
      file = await OutgoingFile.open(entry);
      await file.skip(prefix, blocks[0]);
      stream.send("F", { id, offset: file.offset });
      if (file.offset > 0) this.#options.onEvent?.({ type: "bytes", bytes: file.offset, isThere: true });
      for (let turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
        await sent[turn];
        const bytes = await file.read(blocks[turn]);
        if (bytes.length === 0) break;
        connection.writeLent(frameHeader(DATA, bytes.length));
        connection.writeLent(bytes);
        const flushed = connection.flushed();
        // It is awaited before the block is used again; a connection that is lost before is noticed there.
        flushed.catch(() => undefined);
        sent[turn] = flushed;
        this.#options.onEvent?.({ type: "bytes", bytes: bytes.length, isThere: false });
      }
      await file.check();
      stream.send("E", { id, sha256: file.digest() });
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      stream.send("X", { id, code: error.code, message: error.message });
      this.#open.delete(id);
      this.#refuse(entry.path, error);
    } finally {
      await file?.close();
      await Promise.allSettled(sent);
    }
    await connection.drained();
  }

  /** Resolves when the receiver has said something, or the transfer has failed. */
  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  /** Ends everything: the first failure is that of the transfer. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { connection } of this.#streams) connection.abort();
    this.#notify();
  }
}

async function nextMessage(arriving: AsyncGenerator<Arrived>, letter: string): Promise<Message["fields"]> {
  const { value, done } = await arriving.next();
  if (done === true || value.type !== "message" || value.letter !== letter)
    throw new TransferError("PROTOCOL", "The peer is no receiver of Sockwright");
  return value.fields;
}
