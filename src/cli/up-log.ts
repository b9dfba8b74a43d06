import { durationText } from "../server/options/duration.ts";
import { peerName } from "../server/transport/peer-name.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import type { SupervisorEvent } from "../supervisor/supervisor-event.ts";
import { type CertificateReloadEvent, certificateReloadWords } from "./certificate-reload.ts";
import { isClientDisconnect } from "./client-disconnect.ts";
import type { EventLog } from "./event-log.ts";
import { jsonLine, printableMessage, printableName } from "./printable.ts";
import { certificateWords } from "./server-event.ts";

/** An event that `up` reports: of its supervisor, or its own. */
export type UpEvent =
  | SupervisorEvent
  | CertificateReloadEvent
  | { readonly event: "reloaded" | "running"; readonly file: string }
  | { readonly event: "refused"; readonly file: string; readonly mistakes: readonly string[] }
  | { readonly event: "notice"; readonly message: string }
  | { readonly event: "stopping" };

/**
 * Logs events, one per line: as text, or as JSON with the time, which a journal adds to text by itself. Client disconnects
 * are only counted, since their number has no limit.
 */
export class UpLog {
  readonly #log: EventLog;
  readonly #form: "text" | "json";

  constructor(log: EventLog, form: "text" | "json") {
    this.#log = log;
    this.#form = form;
  }

  log(event: UpEvent): void {
    if (event.event === "error" && event.peer !== undefined && isClientDisconnect(event.error)) return;
    const time = new Date().toISOString();
    this.#log.print(this.#form === "json" ? jsonLine({ time, ...plainOf(event) }) : wordsOf(event));
  }
}

function plainOf(event: UpEvent): object {
  if (event.event !== "failed" && event.event !== "error") return event;
  const { error, ...rest } = event;
  const from = rest.event === "error" && rest.peer !== undefined ? { peer: peerName(rest.peer) } : {};
  return { ...rest, ...from, code: codeOf(error), message: textOf(error) };
}

function wordsOf(event: UpEvent): string {
  switch (event.event) {
    case "listening":
      return `${event.service}: listening on ${printableName(event.url)}`;
    case "certificate":
      return certificateWords(event);
    case "failed": {
      const again = `tried again in ${durationText(event.retryMs)}`;
      const reason = printableMessage(textOf(event.error)).replace(/\.$/, "");
      return `${event.service}: failed: ${reason}; ${again}`;
    }
    case "recovered":
      return `${event.service}: runs again`;
    case "error": {
      const peer = event.peer === undefined ? "" : ` with ${printableName(peerName(event.peer))}`;
      return `${event.service}: failed${peer}: ${printableMessage(textOf(event.error))}`;
    }
    case "running":
      return `${printableName(event.file)} exists, so it is run; for the demonstration write  sockwright up --demo`;
    case "reloaded":
      return `reloaded ${printableName(event.file)}`;
    case "refused":
      return `${printableName(event.file)} was not reloaded, and nothing has changed: ${inOneLine(event.mistakes)}`;
    case "certificates-reloaded":
    case "certificates-refused":
      return certificateReloadWords(event);
    case "notice":
      return event.message;
    case "stopping":
      return "stopping";
  }
}

/** A journal has a line for each event; all mistakes are what `ctl reload` and `up --check` print. */
function inOneLine([first = "", ...others]: readonly string[]): string {
  return printableMessage(others.length === 0 ? first : `${first} (and ${others.length} more)`);
}

function textOf(error: unknown): string {
  return messageOf(error).replace(/\s*\n\s*/g, " ");
}
