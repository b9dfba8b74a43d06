import { attempt } from "../../server/telemetry/attempt.ts";
import { HttpError } from "../http-error.ts";
import type { AnswerTarget } from "./answer-target.ts";
import { FileBody } from "./file-body.ts";
import type { HttpBody } from "./http-response.ts";
import { isUnexpectedPromise } from "./unexpected-promise.ts";

/** A body that is ready to be sent: text has become bytes. */
export type AnswerBody = Exclude<HttpBody, string>;

/** Returns the length of a body in bytes; undefined for an iterable, whose length is known only at its end. */
export function lengthOf(body: AnswerBody): number | undefined {
  if (body === null) return 0;
  if (body instanceof Uint8Array || body instanceof FileBody) return body.length;
  if (Symbol.asyncIterator in Object(body)) return undefined;
  isUnexpectedPromise(body);
  throw new HttpError("ERR_SOCKWRIGHT_HTTP_BODY", body);
}

/** Releases a body that will not be sent: a file is released, an iterable ended. Errors of that are reported. */
export function dropBody(to: AnswerTarget, body: unknown): void {
  attempt(
    () => {
      if (body instanceof FileBody) return body.release();
      if (isStream(body)) endStream(to, body[Symbol.asyncIterator]());
      return undefined;
    },
    (error) => to.connection.report(error),
  );
}

/** Releases the body of an answer that will not be sent; the answer may be any value. */
export function dropAnswer(to: AnswerTarget, answer: unknown): void {
  attempt(
    () => {
      if (typeof answer === "object" && answer !== null && "body" in answer) dropBody(to, answer.body);
    },
    (error) => to.connection.report(error),
  );
}

/** Ends an iteration early: a generator runs its `finally`, and a stream is cancelled. Errors of that are reported. */
export function endStream(to: AnswerTarget, iterator: AsyncIterator<unknown>): void {
  attempt(
    () => iterator.return?.(),
    (error) => to.connection.report(error),
  );
}

/** Whether the body of an answer is an iterable, which produces its bytes while they are sent. */
export function isStreamed(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "body" in answer && isStream(answer.body);
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
