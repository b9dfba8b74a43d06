import type { Connection } from "../../server/connection/connection.ts";
import { FrameDecoder, type FramePart, messageFrame } from "./frame.ts";
import { isTransferCode, TransferError } from "./transfer-error.ts";

/** A message of the wire: a JSON object whose fields nobody has checked. */
export interface Message {
  readonly letter: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What arrives on a stream. */
export type Arrived = ({ readonly type: "message" } & Message) | Extract<FramePart, { readonly type: "data" }>;

/** The letter of the message with which a peer ends a transfer. */
const FAILURE = "Q";

/** The frames of one connection. */
export class FrameStream {
  readonly connection: Connection;
  readonly #decoder = new FrameDecoder();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Limits the bytes of a message that arrives. */
  limitMessages(maxBytes: number): void {
    this.#decoder.maxMessageBytes = maxBytes;
  }

  send(letter: string, fields: Message["fields"]): void {
    this.connection.write(messageFrame(letter, fields));
  }

  /** Sends why the transfer ends, and ends the connection. */
  async refuse({ code, message }: TransferError): Promise<void> {
    this.send(FAILURE, { code, message });
    await this.connection.close();
  }

  /**
   * Iterates over what arrives, to the end of the connection.
   *
   * @throws TransferError `PROTOCOL`; the code of the peer's failure · the error that lost the connection.
   */
  async *arriving(): AsyncGenerator<Arrived> {
    for (;;) {
      const bytes = await this.connection.read();
      if (bytes === undefined) break;
      for (const part of this.#decoder.push(bytes)) {
        if (part.type === "data") {
          yield part;
          continue;
        }
        const { letter, value } = part;
        if (typeof value !== "object" || value === null || Array.isArray(value))
          throw new TransferError("PROTOCOL", "The peer sent a message that is no object");
        const fields = value as Message["fields"];
        if (letter === FAILURE) throw failureOf(fields);
        yield { type: "message", letter, fields };
      }
    }
    if (!this.#decoder.isBetweenFrames) throw new TransferError("PROTOCOL", "The peer ended within a frame");
  }
}

/** The failure that a peer sent: of a transfer, or of one entry. */
export function failureOf({ code, message }: Message["fields"]): TransferError {
  const text = typeof message === "string" ? message.slice(0, MAX_FAILURE_LENGTH) : "The peer gave no reason";
  return new TransferError(isTransferCode(code) ? code : "PROTOCOL", text);
}

/** Limits the characters of a failure's text that are taken from a peer. */
export const MAX_FAILURE_LENGTH = 500;
