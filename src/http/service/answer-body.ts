import { attempt } from "../../server/telemetry/attempt.ts";
import { HttpError } from "../http-error.ts";
import type { AnswerTarget } from "./answer-target.ts";
import { FileBody } from "./file-body.ts";
import type { HttpBody } from "./http-response.ts";
import { isLater } from "./not-later.ts";

/** A body as it is sent: text is bytes by now. */
export type AnswerBody = Exclude<HttpBody, string>;

/** How long a body is; undefined where only its end tells. */
export function lengthOf(body: AnswerBody): number | undefined {
  if (body === null) return 0;
  if (body instanceof Uint8Array || body instanceof FileBody) return body.length;
  if (Symbol.asyncIterator in Object(body)) return undefined;
  isLater(body);
  throw new HttpError("ERR_SOCKWRIGHT_HTTP_BODY", body);
}

/** The body will not be sent: whoever has made it is told. What that fails with is reported. */
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

/** The same of an answer that will not be sent, whatever it is. */
export function dropAnswer(to: AnswerTarget, answer: unknown): void {
  attempt(
    () => {
      if (typeof answer === "object" && answer !== null && "body" in answer) dropBody(to, answer.body);
    },
    (error) => to.connection.report(error),
  );
}

/** Ends an iteration early: a generator runs its `finally`, and a stream is cancelled. What that fails with is reported. */
export function endStream(to: AnswerTarget, iterator: AsyncIterator<unknown>): void {
  attempt(
    () => iterator.return?.(),
    (error) => to.connection.report(error),
  );
}

/** Whether an answer has a body that comes while it is sent. */
export function isStreamed(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "body" in answer && isStream(answer.body);
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
