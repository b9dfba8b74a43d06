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
 * From accept, or from the first byte of a further request, to the end of its head. A slower request is refused with
 * 408.
 */
export const DEFAULT_HEAD_TIMEOUT_MS = 10_000;
/** While a body is read and nothing of it comes; and for all that is dropped of one that nobody reads. */
export const DEFAULT_BODY_TIMEOUT_MS = 30_000;
/** Between an answer and the next request. Then the connection is closed. */
export const DEFAULT_KEEP_ALIVE_TIMEOUT_MS = 60_000;
/** The body of a request. A longer one is refused with 413. */
export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
/** The most that can be set for a section of a message. */
export const MAX_SECTION_BYTES = 1024 * 1024;
/** The most fields that can be set for a header or a trailer section. */
export const MAX_SECTION_FIELDS = 10_000;
/** The most that can be set for a body: what is written to a disk piece by piece may be long. */
export const MAX_BODY_BYTES = 1024 * MAX_BUFFER_LIMIT_BYTES;

/** What an HTTP service allows its clients. */
export interface HttpOptions {
  /** How long the head of a request may take, from accept or from its first byte, in ms; default 10 000. Then 408. */
  readonly headTimeoutMs?: number | undefined;
  /** How long nothing of a body may come while it is read, in ms; default 30 000. Then 408. */
  readonly bodyTimeoutMs?: number | undefined;
  /** How long a connection may be idle between two requests, in ms; default 60 000. Then it is closed. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** The last of them is answered with `Connection: close`; 1 or more; default is no limit. */
  readonly maxRequestsPerConnection?: number | undefined;
  /** A body; 0 to 1 TiB; default 1 MiB. A longer one is refused with 413. */
  readonly maxBodyBytes?: number | undefined;
  /** Method, target and version; default 8 KiB. Then 414. */
  readonly maxRequestLineBytes?: number | undefined;
  /** All fields of a head; default 32 KiB. Then 431. */
  readonly maxHeaderBytes?: number | undefined;
  /** How many they are; default 100. Then 431. */
  readonly maxHeaderFields?: number | undefined;
  /** All fields behind a body; default 8 KiB. Then 431. */
  readonly maxTrailerBytes?: number | undefined;
  /** How many they are; default 32. Then 431. */
  readonly maxTrailerFields?: number | undefined;
  /**
   * Called with each request when its answer was handed over to be sent, or lost, such as for an access log. What it throws is
   * reported, and ends nothing.
   */
  readonly onExchange?: ((exchange: HttpExchange) => void) | undefined;
}

/** What they can be: also for whoever reads them from a file or a command line. */
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

/** The options, with the defaults. */
export type HttpSettings = OptionValues<(typeof HTTP_OPTIONS)["kinds"]>;
