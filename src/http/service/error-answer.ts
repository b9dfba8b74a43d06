import { reasonPhrase } from "../reason-phrase.ts";
import type { Refusal } from "../refusal.ts";
import { headerLines } from "./http-headers.ts";
import type { HttpResponse } from "./http-response.ts";
import type { RequestError } from "./request-error.ts";

const TEXT = ["Content-Type", "text/plain; charset=utf-8"] as const;

/** The answer when a handler has failed: 500, without the text of the error, which may contain secrets. */
export const FAILED: HttpResponse = textAnswer(500, reasonPhrase(500));

/** Returns the answer for a RequestError: its status, its header fields, and its message as plain text. */
export function answerOfError({ status, message, headers }: RequestError): HttpResponse {
  return { ...textAnswer(status, message), headers: [TEXT, ...headerLines(headers)] };
}

/** Returns the answer for a request that the parser has refused: the status and its phrase, and the reason in words. */
export function answerOfRefusal({ status, reason }: Refusal): HttpResponse {
  return textAnswer(status, `${reasonPhrase(status)}: ${reason}`);
}

/** Returns an answer with a status, and its phrase as the body. */
export function answerOfStatus(status: number): HttpResponse {
  return textAnswer(status, reasonPhrase(status));
}

function textAnswer(status: number, text: string): HttpResponse {
  return { status, headers: [TEXT], body: `${text}\n` };
}
