import { Buffer } from "node:buffer";
import type { Push } from "../../server/connection/push.ts";
import { errorOf } from "../../server/transport/connection-error.ts";
import { promiseOf } from "../../socket/values.ts";
import { HttpError } from "../http-error.ts";
import { responseHeadText } from "../response-head.ts";
import type { Exchange } from "./exchange.ts";
import { headerLines } from "./http-headers.ts";
import type { HttpResponse, HttpTakeover } from "./http-response.ts";
import { ResponseFields } from "./response-fields.ts";

/**
 * Begins the handover of a connection when the answer is an upgrade or a takeover, and returns whether it is. For an upgrade it
 * writes the head.
 *
 * @throws HttpError when the request does not allow a handover, or the head cannot be sent.
 */
export function beginHandover(exchange: Exchange, answer: object): boolean {
  if (isTakeover(answer)) {
    checkBody(exchange);
    exchange.handover = answer.takeOver;
    return true;
  }
  if (!isUpgrade(answer)) return false;
  checkBody(exchange);
  if (exchange.request?.upgrade === undefined) throw new HttpError("ERR_SOCKWRIGHT_HTTP_UPGRADE");
  const fields = new ResponseFields(headerLines(answer.headers));
  // RFC 9110, section 7.8: Upgrade is a field of this connection alone.
  if (!fields.hasConnection) fields.lines.push(["Connection", "Upgrade"]);
  exchange.write(Buffer.from(responseHeadText({ status: 101, reason: answer.reason, fields: fields.lines }), "latin1"));
  exchange.status = 101;
  exchange.handover = answer.upgrade;
  return true;
}

/** Ends the push, returns the unused bytes to the connection, and calls the function that takes the connection over. */
export function handOver(exchange: Exchange, push: Push, rest: Uint8Array): void {
  const { connection, handover } = exchange;
  exchange.keepOpen();
  push.stop(rest);
  let work: unknown;
  try {
    work = handover?.(connection);
  } catch (error) {
    work = Promise.reject(error);
  }
  promiseOf(work).then(
    () => exchange.releaseHold(),
    (error: unknown) => {
      connection.abort(errorOf(error));
      exchange.releaseHold();
    },
  );
}

function isTakeover(answer: object): answer is HttpTakeover {
  return "takeOver" in answer && typeof answer.takeOver === "function";
}

function isUpgrade(answer: object): answer is HttpResponse & Required<Pick<HttpResponse, "upgrade">> {
  return "upgrade" in answer && typeof answer.upgrade === "function" && "status" in answer && answer.status === 101;
}

/** Throws while the body has not ended: the bytes after the request belong to the new protocol, so their start must be known. */
function checkBody({ body }: Exchange): void {
  if (body !== undefined && !body.hasEnded) throw new HttpError("ERR_SOCKWRIGHT_HTTP_UPGRADE");
}
