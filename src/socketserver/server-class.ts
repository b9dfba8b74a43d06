import { wrongType } from "../socket/values.ts";
import type { BaseServer } from "./base-server.ts";

/**
 * A class of servers, as a mixin takes it. TypeScript knows a mixin by these two arrays of `any`, and by nothing else (TS2545);
 * what extends the mixin has the constructor of its base all the same.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type ServerClass = abstract new (...args: any[]) => BaseServer<any>;

/** What a mixin gives: the base, whose instances have more members. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type WithMembers<Base extends ServerClass, Members> = Base & (abstract new (...args: any[]) => Members);

/** The requests of a class of servers. */
export type RequestOf<Base extends ServerClass> =
  // biome-ignore lint/suspicious/noExplicitAny: see above
  Base extends abstract new (...args: any[]) => BaseServer<infer Request> ? Request : never;

/** Throws for what is no class of servers, as when a mixin is extended, and not called. */
export function checkBase(mixin: string, Base: unknown): void {
  const prototype: unknown = typeof Base === "function" ? Base.prototype : undefined;
  if (typeof prototype === "object" && prototype !== null && "process_request" in prototype) return;
  throw wrongType("Base", `a class that extends BaseServer: ${mixin}(TCPServer)`, Base);
}
