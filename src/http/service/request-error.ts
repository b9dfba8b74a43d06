import { checkOptions, integer, type OptionNames, wrongType } from "../../socket/values.ts";
import type { HttpHeaders } from "./http-headers.ts";

/** The header fields of the answer to a {@link RequestError}, and its cause. */
export interface RequestErrorOptions {
  readonly headers?: HttpHeaders | undefined;
  readonly cause?: unknown;
}

const OPTIONS: OptionNames<RequestErrorOptions> = { headers: true, cause: true };

/**
 * An error of the request. When a handler throws it, the server answers with its status, and with its message as plain text. It is
 * not a failure of the server, so the server does not report it. Reading a body also rejects with it: 400 for a malformed or
 * incomplete body, 408 when no bytes arrive in time, 413 for a body that is too large. See {@link http}.
 *
 * @param status - 400 to 599.
 * @param message - sent to the client.
 * @throws TypeError, RangeError.
 */
export class RequestError extends Error {
  /** Always `"ERR_SOCKWRIGHT_HTTP_REQUEST"`. */
  readonly code = "ERR_SOCKWRIGHT_HTTP_REQUEST";
  /** The status of the answer. */
  readonly status: number;
  /** The header fields of the answer. */
  readonly headers: HttpHeaders | undefined;

  constructor(status: number, message: string, options: RequestErrorOptions = {}) {
    integer("status", status, 400, 599);
    if (typeof message !== "string") throw wrongType("message", "of type string", message);
    checkOptions("new RequestError()", options, OPTIONS);
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "RequestError";
    this.status = status;
    this.headers = options.headers;
  }
}
