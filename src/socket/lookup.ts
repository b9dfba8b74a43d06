import type { LookupCallback } from "../native/kernel.ts";
import { AbortWait } from "./abort.ts";
import { rejectWith } from "./call.ts";
import * as constants from "./constants.ts";
import { uvErrno } from "./errno.ts";
import { SocketError } from "./socket-error.ts";
import { AbortError } from "./sockwright-error.ts";

/**
 * The most queries that run at a time; further ones wait here. It is half of libuv's pool, as for libuv's own look-ups
 * (uv__work_submit, UV__WORK_SLOW_IO), so that name servers that do not answer leave threads for files.
 */
export const MAX_RUNNING_LOOKUPS = Math.ceil(poolThreads(process.env["UV_THREADPOOL_SIZE"]) / 2);

/** A question to the resolver. */
export interface Question<Answer> {
  /** The C function, for errors. */
  readonly syscall: string;
  /** The name or address that is asked for, for errors. */
  readonly hostname: string | undefined;
  /** Whether the query needs no name server, so that it need not wait for those that do. */
  readonly isLocal: boolean;
  /** Says what the status of the C function is called, of the EAI_*. */
  readonly statusName: (status: number) => string;
  /** The native function; a negated errno tells that it does not call back. */
  ask(callback: LookupCallback<Answer>): number;
}

const waiting = new Set<() => void>();
let running = 0;

/**
 * Runs a query in a thread of libuv's pool. A signal ends the wait at once and removes a query that has not started; one that
 * has started continues, its answer is discarded, and it keeps its place and the process until it ends. A rejection that no
 * code awaits does not end the process.
 */
export function lookUp<Answer>(question: Question<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  if (signal?.aborted === true) return rejectWith(new AbortError(signal.reason));
  const promise = new Promise<Answer>((resolve, reject) => {
    const begin = (): void => ask(question, finish);
    const wait = signal && new AbortWait(signal, giveUp);
    function finish(answer: Answer | Error): void {
      wait?.leave();
      if (answer instanceof Error) reject(answer);
      else resolve(answer);
    }
    function giveUp(reason: unknown): void {
      waiting.delete(begin);
      reject(new AbortError(reason));
    }
    if (question.isLocal) begin();
    else {
      waiting.add(begin);
      beginNext();
    }
  });
  promise.catch(() => undefined);
  return promise;
}

function beginNext(): void {
  for (const begin of waiting) {
    if (running >= MAX_RUNNING_LOOKUPS) return;
    waiting.delete(begin);
    begin();
  }
}

function ask<Answer>(question: Question<Answer>, finish: (answer: Answer | Error) => void): void {
  const { syscall, hostname, isLocal, statusName } = question;
  const failure = (errno: number): SocketError => new SocketError(syscall, errno, { hostname });
  const places = isLocal ? 0 : 1;
  const begun = question.ask((status, errno, answer) => {
    running -= places;
    beginNext();
    // EAI_SYSTEM, and h_errno's NETDB_INTERNAL, have an errno behind them.
    finish(answer ?? failure(errno > 0 ? errno : uvErrno(statusName(status))));
  });
  if (begun < 0) finish(failure(-begun));
  else running += places;
}

const EAI_NAMES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(constants).flatMap(([name, value]) => (name.startsWith("EAI_") ? [[value, name]] : [])),
);

/** The name of what getaddrinfo(3) and getnameinfo(3) return. */
export function eaiName(status: number): string {
  return EAI_NAMES.get(status) ?? "EAI_FAIL";
}

/** The same for the h_errno of gethostbyname(3), 1 to 4. */
export function hostErrorName(status: number): string {
  return ["EAI_NONAME", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA"][status - 1] ?? "EAI_FAIL";
}

/** As libuv reads it (init_threads), which takes at least one and at most 1 024. */
function poolThreads(given: string | undefined): number {
  const size = given === undefined ? 4 : Number.parseInt(given, 10) || 1;
  return Math.min(Math.max(size, 1), 1_024);
}
