// Sends answers: head, framing and body.
import { Buffer } from "node:buffer";
import { encodeLastChunk } from "../chunk-encoder.ts";
import { DateText } from "../http-date.ts";
import { HttpError } from "../http-error.ts";
import { type ResponseFraming, responseFraming } from "../response-framing.ts";
import { responseHeadText } from "../response-head.ts";
import { type AnswerBody, dropBody, lengthOf } from "./answer-body.ts";
import { type AnswerTarget, SLICE_BYTES } from "./answer-target.ts";
import { FileBody } from "./file-body.ts";
import { sendFileBody } from "./file-sending.ts";
import type { HttpAnswer } from "./handler.ts";
import { headerLines } from "./http-headers.ts";
import type { HttpResponse, HttpTakeover } from "./http-response.ts";
import { PreparedResponse } from "./prepared-response.ts";
import { isFramingField, ResponseFields } from "./response-fields.ts";
import { sendStream } from "./streaming.ts";

/**
 * The longest body in memory that is written together with its head, and the longest prepared response that is copied. Above it, a
 * second write costs less than the copy.
 */
export const JOINED_BYTES = 16 * 1024;

const date = new DateText();

/**
 * Sends an answer. Returns the length of its body in bytes, as a promise when the body could not be written at once. When it throws
 * or rejects before anything was written, the caller can send another answer.
 */
export function sendAnswer(to: AnswerTarget, answer: Exclude<HttpAnswer, HttpTakeover>): number | Promise<number> {
  if (answer instanceof PreparedResponse) return sendPrepared(to, answer);
  const { body = null } = answer;
  try {
    return sendResponse(to, answer, typeof body === "string" ? Buffer.from(body) : body);
  } catch (error) {
    dropBody(to, body);
    throw error;
  }
}

function sendPrepared(to: AnswerTarget, answer: PreparedResponse): number | Promise<number> {
  to.status = answer.status;
  to.isLast ||= answer.isLast;
  const withBody = to.method !== "HEAD";
  const option = answer.isLast ? undefined : to.connectionOption;
  const nowMs = Date.now();
  const bytes =
    option === undefined ? answer.encode(nowMs, withBody) : answer.encodeWith(`Connection: ${option}`, nowMs, withBody);
  if (withBody && answer.file !== undefined) return sendFileBody(to, bytes, answer.file.open());
  const bodyBytes = withBody ? answer.bodyBytes : 0;
  if (bytes.length > SLICE_BYTES) return to.writeAll(bytes, true).then(() => bodyBytes);
  if (bytes.length <= JOINED_BYTES) to.write(bytes);
  else to.writeLent(bytes);
  return bodyBytes;
}

function sendResponse(to: AnswerTarget, answer: Response | HttpResponse, body: AnswerBody): number | Promise<number> {
  const { status = 200 } = answer;
  const fields = new ResponseFields(headerLines(answer.headers));
  const canHaveTrailers = to.version === "1.1" && !(body instanceof FileBody);
  const trailers = canHaveTrailers && "trailers" in answer ? answer.trailers : undefined;
  // Trailers that are known are encoded, and so checked, before anything is sent.
  const end =
    trailers === undefined || typeof trailers === "function" ? trailers : encodeLastChunk(headerLines(trailers));
  const framing = framingOf(to, status, body, fields, trailers !== undefined);
  const isLast = to.isLast || fields.isLast || framing.body === "close";
  const head = headText(to, answer, fields, framing, isLast);
  to.isLast = isLast;
  to.status = status;
  if (framing.body === "none") {
    dropBody(to, body);
    to.write(Buffer.from(head, "latin1"));
    return 0;
  }
  if (body instanceof FileBody) return sendFileBody(to, Buffer.from(head, "latin1"), body);
  if (framing.body === "length" && (body === null || body instanceof Uint8Array)) return sendBytes(to, head, body);
  return sendStream(to, head, framing, body, end);
}

function sendBytes(to: AnswerTarget, head: string, body: Uint8Array | null): number | Promise<number> {
  const length = body?.length ?? 0;
  if (length <= JOINED_BYTES) {
    const bytes = Buffer.allocUnsafe(head.length + length);
    bytes.write(head, 0, "latin1");
    if (body !== null) bytes.set(body, head.length);
    to.write(bytes);
    return length;
  }
  to.write(Buffer.from(head, "latin1"));
  if (body === null) return 0;
  if (length > SLICE_BYTES) return to.writeAll(body, false).then(() => length);
  to.write(body);
  return length;
}

function framingOf(
  to: AnswerTarget,
  status: number,
  ...[body, fields, hasTrailers]: [AnswerBody, ResponseFields, boolean]
): ResponseFraming {
  if (status < 200) throw new HttpError("ERR_SOCKWRIGHT_HTTP_STATUS", `${status}`);
  const length = lengthOf(body);
  const isEmpty = status === 204 || status === 205 || status === 304;
  if (isEmpty && length !== 0) throw new HttpError("ERR_SOCKWRIGHT_HTTP_BODY", `${status}`);
  // RFC 9110, section 8.6: the handler may give the length of a body that is not sent.
  if (body === null && (to.method === "HEAD" || status === 304)) return responseFraming(to, status, fields.length);
  if (length !== undefined && fields.length !== undefined && fields.length !== length) {
    throw new HttpError("ERR_SOCKWRIGHT_HTTP_LENGTH", `${fields.length}`);
  }
  return responseFraming(to, status, hasTrailers ? undefined : (length ?? fields.length));
}

function headText(
  to: AnswerTarget,
  answer: Response | HttpResponse,
  ...[given, framing, isLast]: [ResponseFields, ResponseFraming, boolean]
): string {
  const fields = given.length === undefined ? given.lines : given.lines.filter(([name]) => !isFramingField(name));
  // RFC 9110, section 6.6.1: a server with a clock sends Date.
  if (!given.hasDate) fields.unshift(["Date", date.at(Date.now())]);
  if (framing.field !== undefined) fields.push(framing.field);
  if (isLast && !given.isLast) fields.push(["Connection", "close"]);
  else if (to.version === "1.0" && !given.hasConnection) fields.push(["Connection", "keep-alive"]);
  return responseHeadText({ status: answer.status ?? 200, fields, reason: reasonOf(answer) });
}

/** The reason phrase of an answer. A `Response` always has a `statusText`, which is empty by default. */
function reasonOf(answer: Response | HttpResponse): string | undefined {
  if (!("statusText" in answer)) return answer.reason;
  return answer.statusText === "" ? undefined : answer.statusText;
}
