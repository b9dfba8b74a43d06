import { functionOf, integer, MAX_TIMEOUT_MS, promiseOf, wrongType, wrongValue } from "../../socket/values.ts";
import { ConditionalDeadline } from "../time/conditional-deadline.ts";
import { DEADLINE_NAMES, DeadlineError } from "../time/deadline-error.ts";
import { errorOf } from "../transport/connection-error.ts";
import type { Connection } from "./connection.ts";
import { OTHER_DEADLINES, SERVER_EXPIRIES } from "./policy.ts";
import type { WaitSource } from "./wait.ts";

/** The most characters of the name of a `Connection.deadline`, which throws a TypeError for a longer one. */
export const MAX_DEADLINE_NAME_LENGTH = 64;

/** Names that a server counts its own deadlines under; a program cannot use them. */
const TAKEN: ReadonlySet<string> = new Set<string>([...DEADLINE_NAMES, ...SERVER_EXPIRIES, OTHER_DEADLINES]);

/** A deadline of one connection, for a phase of a protocol. See `Connection.deadline`. */
export interface ConnectionDeadline {
  /**
   * Starts or restarts the deadline: it expires in `ms`, 1 to 2 147 483 647. Does nothing where the connection has ended or closes.
   *
   * @throws RangeError, TypeError.
   */
  start(ms: number): void;
  /** Stops the deadline. It can be started again. */
  cancel(): void;
}

/** The deadlines of one connection. Those that run end with the connection. */
export class ConnectionDeadlines {
  /** A linked list of the running deadlines: there are one or two, and an array would take more memory than they do. */
  #first: OwnDeadline | undefined;
  readonly #connection: Connection;
  readonly #source: WaitSource;
  #isOver: boolean;

  /** @param isOver - whether the connection has ended already, or closes. */
  constructor(connection: Connection, source: WaitSource, isOver: boolean) {
    this.#connection = connection;
    this.#source = source;
    this.#isOver = isOver;
  }

  make(name: string, expired: (() => unknown) | undefined): ConnectionDeadline {
    if (typeof name !== "string") throw wrongType("name", 'of type string, such as "request"', name);
    if (name.length === 0 || name.length > MAX_DEADLINE_NAME_LENGTH) {
      throw wrongValue("name", `must have 1 to ${MAX_DEADLINE_NAME_LENGTH} characters`, name);
    }
    if (TAKEN.has(name)) throw wrongValue("name", "must not be the name of a deadline of the server", name);
    if (expired !== undefined) functionOf("expired", expired);
    return new OwnDeadline(this, this.#source, name, expired);
  }

  /** Adds a deadline to the running ones. Returns false where the connection has ended or closes. */
  begin(deadline: OwnDeadline): boolean {
    if (this.#isOver) return false;
    this.leave(deadline);
    deadline.next = this.#first;
    this.#first = deadline;
    return true;
  }

  leave(deadline: OwnDeadline): void {
    if (this.#first === deadline) this.#first = deadline.next;
    else
      for (let each = this.#first; each !== undefined; each = each.next)
        if (each.next === deadline) each.next = deadline.next;
    deadline.next = undefined;
  }

  /** Cancels all deadlines: the connection has ended, or closes. */
  end(): void {
    this.#isOver = true;
    while (this.#first !== undefined) this.#first.cancel();
  }

  expire(name: string, expired: (() => unknown) | undefined): void {
    const connection = this.#connection;
    connection.policy.onExpired(name, connection.peer);
    connection.run(() => {
      if (expired === undefined) connection.abort(new DeadlineError(name));
      else call(expired, (error) => connection.abort(errorOf(error)));
    });
  }
}

/** Calls `onExpired`, and `onError` with an error that it throws or rejects with. */
function call(onExpired: () => unknown, onError: (error: unknown) => void): void {
  try {
    const given = onExpired();
    if (typeof given === "object" && given !== null) promiseOf(given).then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}

class OwnDeadline implements ConnectionDeadline {
  /** The next running deadline of the connection. */
  next: OwnDeadline | undefined;
  readonly #deadlines: ConnectionDeadlines;
  readonly #deadline: ConditionalDeadline;

  constructor(
    deadlines: ConnectionDeadlines,
    source: WaitSource,
    ...[name, expired]: [string, (() => unknown) | undefined]
  ) {
    this.#deadlines = deadlines;
    this.#deadline = new ConditionalDeadline(
      source.wheel,
      () => source.isDue(),
      () => {
        deadlines.leave(this);
        deadlines.expire(name, expired);
      },
    );
  }

  start(ms: number): void {
    integer("ms", ms, 1, MAX_TIMEOUT_MS);
    if (this.#deadlines.begin(this)) this.#deadline.start(ms);
  }

  cancel(): void {
    this.#deadlines.leave(this);
    this.#deadline.cancel();
  }
}
