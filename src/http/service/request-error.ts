import { checkOptions, integer, type OptionNames, wrongType } from "../../socket/values.ts";
import type { HttpHeaders } from "./http-headers.ts";

/** What else a {@link RequestError} has answered. */
export interface RequestErrorOptions {
  readonly headers?: HttpHeaders | undefined;
  readonly cause?: unknown;
}

const OPTIONS: OptionNames<RequestErrorOptions> = { headers: true, cause: true };

/**
 * Thrown by a handler, it is the answer: its status, and its message as plain text. It is no failure of the server, and is not
 * reported. Reading a body rejects with it, too: 400 for one that is malformed or cut, 408 where nothing comes, 413 where it is too
 * large. See {@link http}.
 *
 * @param status - 400 to 599.
 * @param message - sent to the client.
 * @throws TypeError, RangeError.
 */
export class RequestError extends Error {
  /** Always `"ERR_SOCKWRIGHT_HTTP_REQUEST"`. */
  readonly code = "ERR_SOCKWRIGHT_HTTP_REQUEST";
  /** As it was given. */
  readonly status: number;
  /** As they were given. */
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
