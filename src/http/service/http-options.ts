import { bytes, count, hook, MAX_BUFFER_LIMIT_BYTES, ms } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import {
  DEFAULT_MAX_HEADER_BYTES,
  DEFAULT_MAX_HEADER_FIELDS,
  DEFAULT_MAX_REQUEST_LINE_BYTES,
  DEFAULT_MAX_TRAILER_BYTES,
  DEFAULT_MAX_TRAILER_FIELDS,
} from "../message-limits.ts";
import type { HttpExchange } from "./handler.ts";

/**
 * How long the head of a request may take to arrive, from accept, or from the first byte of a further request. The
 * service answers a slower one with 408, and closes a connection that has sent nothing.
 */
export const DEFAULT_HEAD_TIMEOUT_MS = 10_000;
/**
 * How long the service waits for the next bytes of a body that the handler reads, then 408; and how long it discards the rest of a
 * body that the handler has not read, then it closes the connection.
 */
export const DEFAULT_BODY_TIMEOUT_MS = 30_000;
/** How long a connection may be idle between an answer and the next request. Then the service closes it. */
export const DEFAULT_KEEP_ALIVE_TIMEOUT_MS = 60_000;
/** The size of a request body. The service refuses a longer one with 413. */
export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
/** The maximum of the size options for a request line, header or trailer section. `http()` throws a RangeError above it. */
export const MAX_SECTION_BYTES = 1024 * 1024;
/** The maximum of the options for the number of header or trailer fields. `http()` throws a RangeError above it. */
export const MAX_SECTION_FIELDS = 10_000;
/**
 * The maximum of `maxBodyBytes`; `http()` throws a RangeError above it. It is large because a handler may write a body to disk
 * piece by piece.
 */
export const MAX_BODY_BYTES = 1024 * MAX_BUFFER_LIMIT_BYTES;

/** The limits and time-outs of an HTTP service, and its hook for access logs. */
export interface HttpOptions {
  /** How long the head of a request may take, from accept or from its first byte, in ms; default 10 000. Then 408. */
  readonly headTimeoutMs?: number | undefined;
  /** How long the handler's read of a body may wait for bytes, in ms; default 30 000. Then 408. */
  readonly bodyTimeoutMs?: number | undefined;
  /** How long a connection may be idle between two requests, in ms; default 60 000. Then the service closes it. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** Requests on one connection; 1 or more; default is no limit. The service answers the last one with `Connection: close`. */
  readonly maxRequestsPerConnection?: number | undefined;
  /** Size of a request body, in bytes; 0 to 1 TiB; default 1 MiB. The service refuses a longer one with 413. */
  readonly maxBodyBytes?: number | undefined;
  /** Size of the request line (method, target and version), in bytes; up to 1 MiB; default 8 KiB. Then 414. */
  readonly maxRequestLineBytes?: number | undefined;
  /** Size of all header fields, in bytes; up to 1 MiB; default 32 KiB. Then 431. */
  readonly maxHeaderBytes?: number | undefined;
  /** Number of header fields; up to 10 000; default 100. Then 431. */
  readonly maxHeaderFields?: number | undefined;
  /** Size of all trailer fields, in bytes; up to 1 MiB; default 8 KiB. Then 431. */
  readonly maxTrailerBytes?: number | undefined;
  /** Number of trailer fields; up to 10 000; default 32. Then 431. */
  readonly maxTrailerFields?: number | undefined;
  /**
   * Called with each exchange when its answer has been handed over to be sent, or is lost; for example for an access log. The
   * service reports what it throws, and goes on.
   */
  readonly onExchange?: ((exchange: HttpExchange) => void) | undefined;
}

/** The table of the HTTP options: their kinds, ranges and defaults, also for a configuration file or a command line. */
export const HTTP_OPTIONS = optionTable({
  headTimeoutMs: ms({ default: DEFAULT_HEAD_TIMEOUT_MS }),
  bodyTimeoutMs: ms({ default: DEFAULT_BODY_TIMEOUT_MS }),
  keepAliveTimeoutMs: ms({ default: DEFAULT_KEEP_ALIVE_TIMEOUT_MS }),
  maxRequestsPerConnection: count(),
  maxBodyBytes: bytes({ min: 0, max: MAX_BODY_BYTES, default: DEFAULT_MAX_BODY_BYTES }),
  maxRequestLineBytes: bytes({ max: MAX_SECTION_BYTES, default: DEFAULT_MAX_REQUEST_LINE_BYTES }),
  maxHeaderBytes: bytes({ max: MAX_SECTION_BYTES, default: DEFAULT_MAX_HEADER_BYTES }),
  maxHeaderFields: count({ max: MAX_SECTION_FIELDS, default: DEFAULT_MAX_HEADER_FIELDS }),
  maxTrailerBytes: bytes({ max: MAX_SECTION_BYTES, default: DEFAULT_MAX_TRAILER_BYTES }),
  maxTrailerFields: count({ max: MAX_SECTION_FIELDS, default: DEFAULT_MAX_TRAILER_FIELDS }),
  onExchange: hook<NonNullable<HttpOptions["onExchange"]>>(),
} satisfies OptionKindsOf<HttpOptions>);

/** The HTTP options, with the defaults filled in. */
export type HttpSettings = OptionValues<(typeof HTTP_OPTIONS)["kinds"]>;
