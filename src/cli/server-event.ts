import { peerName } from "../server/transport/peer-name.ts";
import type { GreetEvent } from "../services/greet/greet.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import type { CertificateEvent } from "../supervisor/own-certificate.ts";
import { type CertificateReloadEvent, certificateReloadWords } from "./certificate-reload.ts";
import { printable, printableMessage, printableName, textOf } from "./printable.ts";

/** An event that a server prints: as JSON with `--json`, otherwise as text. */
export type ServerEvent =
  | CertificateEvent
  | CertificateReloadEvent
  | { readonly event: "listening"; readonly url: string }
  | { readonly event: "opened" | "closed"; readonly peer: string }
  | ({ readonly event: "message"; readonly peer: string } & Data)
  | ({ readonly event: "unanswered"; readonly peer: string; readonly reason: string; readonly count: number } & Data)
  | { readonly event: "failed"; readonly peer: string; readonly code: string | undefined; readonly message: string };

/** Bytes as text, or in base64 if they are not valid UTF-8; in text output as {@link printable} shows them. */
interface Data {
  readonly data?: string;
  readonly base64?: string;
  /** Not in JSON. */
  readonly toWords: () => string;
}

/** Converts events of `greet`, and counts the unanswered messages. */
export class GreetEvents {
  #unanswered = 0;

  eventOf(event: GreetEvent): ServerEvent {
    const peer = peerName(event.peer);
    switch (event.type) {
      case "opened":
      case "closed":
        return { event: event.type, peer };
      case "message":
        return { event: "message", peer, ...dataOf(event.data) };
      case "unanswered":
        return {
          event: "unanswered",
          peer,
          reason: event.reason,
          count: ++this.#unanswered,
          ...dataOf(event.data),
        };
    }
  }
}

export function failure(error: unknown, peer: string): ServerEvent {
  return { event: "failed", peer, code: codeOf(error), message: messageOf(error) };
}

const REASONS: Readonly<Record<string, string>> = {
  amplification: "the answer would be too long compared with the message",
  "answering-port": "a service on that port would answer the answer",
  "no-single-sender": "that address belongs to many receivers",
  "no-name": "a socket without a name cannot be answered",
  "no-port": "no sender can be reached at port 0",
  "too-long": "the answer is too long for a datagram",
  "not-taken": "the server closes, too much waits to be sent, or the sender has gone",
};

export function inWords(event: ServerEvent): string {
  switch (event.event) {
    case "listening":
      return `listening on ${printableName(event.url)}`;
    case "certificate":
      return certificateWords(event);
    case "certificates-reloaded":
    case "certificates-refused":
      return certificateReloadWords(event);
    case "opened":
    case "closed":
      return `${event.event} ${event.peer === "" ? "a connection" : printableName(event.peer)}`;
    case "message":
      return `${event.peer === "" ? "somebody" : printableName(event.peer)} says: ${event.toWords()}`;
    case "unanswered":
      return `not answered: ${event.peer === "" ? "somebody" : printableName(event.peer)}, ${REASONS[event.reason] ?? event.reason} (${event.count} so far)`;
    case "failed":
      return `failed${event.peer === "" ? "" : ` ${printableName(event.peer)}`}: ${printableMessage(event.message)}`;
  }
}

/** Tells of a certificate that a command has made. */
export function certificateWords({ url, fingerprint }: CertificateEvent): string {
  return `made a self-signed certificate for ${printableName(url)}: ${fingerprint}`;
}

function dataOf(bytes: Buffer): Data {
  const text = textOf(bytes);
  const toWords = (): string => printable(bytes);
  return text === undefined ? { base64: bytes.toString("base64"), toWords } : { data: text, toWords };
}
