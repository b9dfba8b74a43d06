import { Buffer } from "node:buffer";
import { formatHttpDate } from "../../http/http-date.ts";

/**
 * Limits the UTF-16 units of a target, a Referer or a User-Agent in a line of the log; beyond it, the log writes three dots instead of the
 * rest.
 */
export const MAX_LOGGED_LENGTH = 2_048;

/** `common` is NCSA's format; `combined` adds Referer and User-Agent, as httpd and nginx do; `json` is one object per line. */
export type AccessLogFormat = "common" | "combined" | "json";

/** One request and its answer. Texts are unchanged, with one UTF-16 unit for each byte. */
export interface AccessLogEntry {
  /** When the request began, in ms since 1970. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** The address of the client; undefined for a Unix socket. */
  readonly host: string | undefined;
  /** Undefined if the server refused the head before it parsed it. */
  readonly request: { readonly method: string; readonly target: string; readonly version: string } | undefined;
  readonly status: number;
  /** Bytes of the body sent. */
  readonly bodyBytes: number;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

/** Formats a time, 01/Dec/2026:19:21:45 +0000, once a second. */
class LogTime {
  #second = Number.NaN;
  #text = "";

  at(ms: number): string {
    const second = Math.floor(ms / 1_000);
    if (second !== this.#second) {
      const [, day, month, year, time] = formatHttpDate(ms).split(" ");
      this.#second = second;
      this.#text = `${day}/${month}/${year}:${time} +0000`;
    }
    return this.#text;
  }
}

/**
 * Formats the line of a request, with its line end. No client can end the line, begin a field or control a terminal: quotes, backslashes,
 * control characters and all bytes outside ASCII are written as `\xHH`, as nginx does; in JSON as `\u00HH`. The user name is always absent.
 * An absent value is `-`, or left out of JSON. Times are UTC.
 */
export class AccessLog {
  readonly #format: AccessLogFormat;
  readonly #time = new LogTime();

  constructor(format: AccessLogFormat) {
    this.#format = format;
  }

  line(entry: AccessLogEntry): string {
    if (this.#format === "json") return jsonLine(entry);
    const { startedAtMs, host, request, status, bodyBytes, referer, userAgent } = entry;
    const text = request === undefined ? undefined : `${request.method} ${cut(request.target)} HTTP/${request.version}`;
    const time = this.#time.at(startedAtMs);
    const common = `${unquoted(host)} - - [${time}] "${quoted(text)}" ${status} ${bodyBytes}`;
    return this.#format === "common"
      ? `${common}\n`
      : `${common} "${quoted(cut(referer))}" "${quoted(cut(userAgent))}"\n`;
  }
}

function jsonLine({
  startedAtMs,
  durationMs,
  host,
  request,
  status,
  bodyBytes,
  referer,
  userAgent,
}: AccessLogEntry): string {
  const fields = {
    time: new Date(startedAtMs).toISOString(),
    host,
    method: request?.method,
    target: cut(request?.target),
    version: request?.version,
    status,
    bodyBytes,
    // Rounded to a microsecond: further digits are noise of the double.
    durationMs: Math.round(durationMs * 1_000) / 1_000,
    referer: cut(referer),
    userAgent: cut(userAgent),
  };
  // JSON.stringify leaves DEL, the controls of latin1 and the line ends of Unicode as they are.
  const text = JSON.stringify(fields).replace(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}

function cut(text: string): string;
function cut(text: string | undefined): string | undefined;
function cut(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_LOGGED_LENGTH ? `${text.slice(0, MAX_LOGGED_LENGTH)}...` : text;
}

function quoted(text: string | undefined): string {
  return text === undefined ? "-" : text.replace(/[^\x20-\x7e]|["\\]/gu, bytesAsHex);
}

/** A space would end it, too. */
function unquoted(text: string | undefined): string {
  return text === undefined || text === "" ? "-" : text.replace(/[^\x21-\x7e]|["\\]/gu, bytesAsHex);
}

/** A unit of latin1 is one byte; what is beyond comes from nowhere on the wire, and is written as UTF-8. */
function bytesAsHex(unit: string): string {
  const bytes = Buffer.from(unit, unit.charCodeAt(0) <= 0xff ? "latin1" : "utf8");
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
