import type { Answer } from "./exchange.ts";
import { fieldOf, type Response } from "./response.ts";
import { NEXT_BODY } from "./row.ts";

/** The expectation of an answer, and the check against it. */
export interface Check {
  readonly wanted: string;
  readonly holds: (answer: Answer) => boolean;
}

/** The status of the first response only. */
export function first(wanted: string, holds: (response: Response) => boolean): Check {
  return {
    wanted,
    holds: ({ finals: [response] }) => response?.isWhole === true && holds(response),
  };
}

export function status(...codes: readonly number[]): Check {
  return first(codes.join(" or "), (response) => codes.includes(response.status));
}

/** 4xx, or a 5xx that RFC 9110 defines. */
export const anError = first("4xx or 5xx", ({ status: own }) => own >= 400 && own <= 505);

/** The first response has a field with this value; a string must be equal. */
export function field(name: string, value: string | RegExp): Check {
  const wanted = typeof value === "string" ? `${name}: ${value}` : name;
  return first(wanted, (response) => {
    const own = fieldOf(response, name);
    return typeof value === "string" ? own === value : value.test(own ?? "");
  });
}

export function without(name: string): Check {
  return first(`no ${name}`, (response) => fieldOf(response, name) === undefined);
}

export function body(text: string | Buffer, wanted = "its bytes"): Check {
  const bytes = Buffer.from(text);
  return first(wanted, (response) => response.body.equals(bytes));
}

export function all(...checks: readonly Check[]): Check {
  return {
    wanted: checks.map(({ wanted }) => wanted).join(", "),
    holds: (answer) => checks.every(({ holds }) => holds(answer)),
  };
}

export function any(...checks: readonly Check[]): Check {
  return {
    wanted: checks.map(({ wanted }) => wanted).join("; or "),
    holds: (answer) => checks.some(({ holds }) => holds(answer)),
  };
}

/** Whether the last response answers the further request of a row. */
export function isNextAnswered({ finals }: Answer): boolean {
  return finals.length > 1 && finals.at(-1)?.body.toString() === NEXT_BODY;
}

/** The connection ended, and nothing after the first request was taken for another request. */
export const closes: Check = {
  wanted: "then closed",
  holds: ({ finals, end }) => finals.length <= 1 && end !== "open",
};

/** The further request was answered, and nothing else. */
export const goesOn: Check = {
  wanted: "then the next request",
  holds: (answer) => answer.finals.length === 2 && isNextAnswered(answer),
};

/** One of these statuses, and the connection closes: the server cannot know where the next request begins. */
export function refused(...codes: readonly number[]): Check {
  return all(status(...codes), closes);
}

/** As {@link refused}, or closed without an answer. */
export function notServed(...codes: readonly number[]): Check {
  return {
    wanted: `${codes.join(" or ")}, then closed; or closed at once`,
    holds: (answer) => closes.holds(answer) && (answer.finals.length === 0 || refused(...codes).holds(answer)),
  };
}

/** Each byte of the body could begin the next request: the server takes none of them for one. */
export const inStep: Check = any(goesOn, closes);

/** The server may answer before it finds the body malformed: it takes no byte after that for a request. */
export const stops: Check = {
  wanted: "then 400, or closed",
  holds: ({ finals, end }) => {
    const [, second] = finals;
    return end !== "open" && finals.length <= 2 && (second === undefined || second.status >= 400);
  },
};

/** As {@link Check} says, or closed without an answer. */
export function orClosed(check: Check): Check {
  return any(check, { wanted: "closed", holds: ({ finals, end }) => finals.length === 0 && end !== "open" });
}
