import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Connection } from "../../server/connection/connection.ts";
import { FrameStream } from "./frame-stream.ts";
import type { Inbox } from "./inbox.ts";
import { type ReceiverEvent, ReceiverSession } from "./receiver-session.ts";
import { isSignedBy } from "./sender-key.ts";
import { TransferError } from "./transfer-error.ts";

/** The version of the protocol. */
export const TRANSFER_VERSION = 1;
/** Limits the bytes of the message of a stranger. */
export const MAX_HELLO_BYTES = 4_096;
/** How long a client has to say who it is. */
export const HELLO_TIMEOUT_MS = 10_000;

/** What a receiver knows and is told. */
export interface ReceiverOptions {
  readonly inbox: Inbox;
  /** That of the ticket. */
  readonly secret: string;
  /** The public key of the sender to whom the ticket belongs; undefined until one has come. */
  readonly sender?: string | undefined;
  /** Called once, when the first sender has come: when it resolves, the ticket belongs to that sender, also after a crash. */
  readonly bind: (sender: string) => Promise<void>;
  readonly onEvent?: ((event: ReceiverEvent) => void) | undefined;
}

/** The receiving side of a transfer: one sender, whose connections may be lost and come again. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #isDone = (): void => undefined;
  /** Resolves when the sender knows that all is stored. */
  readonly done = new Promise<void>((resolve) => (this.#isDone = resolve));
  #sender: string | undefined;
  #binding: Promise<void> | undefined;
  #session: ReceiverSession | undefined;
  /** Settles when the sessions before the current one have left the inbox. */
  #left: Promise<void> = Promise.resolve();

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#sender = options.sender;
  }

  /** Serves a connection to its end. Rejects with the error that ended it. */
  async serve(connection: Connection): Promise<void> {
    const stream = new FrameStream(connection);
    try {
      const challenge = randomBytes(32).toString("base64url");
      stream.send("C", { v: TRANSFER_VERSION, challenge });
      stream.limitMessages(MAX_HELLO_BYTES);
      const arriving = stream.arriving();
      const session = await this.#greet(stream, arriving, challenge);
      if (session === undefined) return;
      await session.serve(stream, arriving);
      if (session.isDone) this.#isDone();
    } catch (error) {
      if (error instanceof TransferError && !connection.isClosing) {
        this.#options.onEvent?.({ type: "ended", error });
        await stream.refuse(error).catch(() => undefined);
      }
      throw error;
    }
  }

  /** Ends the session; what has arrived is kept. */
  async close(): Promise<void> {
    await this.#session?.end();
    await this.#left;
  }

  /** Reads who the client is. Returns its session, or undefined when it left without a word. */
  async #greet(
    stream: FrameStream,
    arriving: ReturnType<FrameStream["arriving"]>,
    challenge: string,
  ): Promise<ReceiverSession | undefined> {
    const deadline = stream.connection.deadline("hello");
    deadline.start(HELLO_TIMEOUT_MS);
    const { value, done } = await arriving.next();
    deadline.cancel();
    if (done === true) return undefined;
    if (value.type !== "message" || value.letter !== "H")
      throw new TransferError("PROTOCOL", "The sender said no hello");
    const { v, session, key, secret, signature, skipExisting } = value.fields;
    if (v !== TRANSFER_VERSION)
      throw new TransferError("PROTOCOL", `This receiver has version ${TRANSFER_VERSION} only`);
    if (typeof key !== "string" || typeof session !== "string" || typeof signature !== "string")
      throw new TransferError("PROTOCOL", "The hello has no key, session or signature");
    if (!isSame(secret, this.#options.secret))
      throw new TransferError("WRONG_SECRET", "The secret of the ticket is not this receiver's");
    if (!isSignedBy(key, challenge, signature))
      throw new TransferError("OTHER_SENDER", "The signature is not of the key");
    await this.#bind(key);
    const current = await this.#sessionOf(session, skipExisting === true);
    stream.send("A", { v: TRANSFER_VERSION });
    return current;
  }

  /** The ticket belongs to the first sender. */
  async #bind(key: string): Promise<void> {
    this.#sender ??= key;
    if (this.#sender !== key) throw new TransferError("OTHER_SENDER", "The ticket belongs to another sender");
    if (this.#options.sender === key) return;
    this.#binding ??= this.#options.bind(key);
    await this.#binding;
  }

  async #sessionOf(id: string, isSkipping: boolean): Promise<ReceiverSession> {
    if (this.#session?.id === id) return this.#session;
    const before = this.#session;
    const session = new ReceiverSession(id, { ...this.#options, isSkipping });
    this.#session = session;
    // The sender has given its earlier connections up: their parts are free when they have ended.
    this.#left = Promise.all([this.#left, before?.end()]).then(() => undefined);
    await this.#left;
    return session;
  }
}

function isSame(given: unknown, secret: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
