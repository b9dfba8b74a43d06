import { reasonPhrase } from "../reason-phrase.ts";
import type { Refusal } from "../refusal.ts";
import { headerLines } from "./http-headers.ts";
import type { HttpResponse } from "./http-response.ts";
import type { RequestError } from "./request-error.ts";

const TEXT = ["Content-Type", "text/plain; charset=utf-8"] as const;

/** What a handler that failed is answered as: nothing of what it has thrown, which may be a secret. */
export const FAILED: HttpResponse = textAnswer(500, reasonPhrase(500));

/** What a handler has thrown to be answered. */
export function answerOfError({ status, message, headers }: RequestError): HttpResponse {
  return { ...textAnswer(status, message), headers: [TEXT, ...headerLines(headers)] };
}

/** Why a request is refused: a word that says what is wrong with its own bytes. */
export function answerOfRefusal({ status, reason }: Refusal): HttpResponse {
  return textAnswer(status, `${reasonPhrase(status)}: ${reason}`);
}

/** A status and its phrase. */
export function answerOfStatus(status: number): HttpResponse {
  return textAnswer(status, reasonPhrase(status));
}

function textAnswer(status: number, text: string): HttpResponse {
  return { status, headers: [TEXT], body: `${text}\n` };
}
