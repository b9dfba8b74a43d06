import { wrongType } from "../socket/values.ts";
import type { BaseServer } from "./base-server.ts";

/**
 * A server class, as a mixin accepts it. TypeScript recognizes a mixin only by these two arrays of `any` (TS2545); a class that
 * extends the mixin still has the constructor of its base.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type ServerClass = abstract new (...args: any[]) => BaseServer<any>;

/** The result of a mixin: the base class, whose instances have further members. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type WithMembers<Base extends ServerClass, Members> = Base & (abstract new (...args: any[]) => Members);

/** The type of the requests of a server class. */
export type RequestOf<Base extends ServerClass> =
  // biome-ignore lint/suspicious/noExplicitAny: see above
  Base extends abstract new (...args: any[]) => BaseServer<infer Request> ? Request : never;

/** Throws if `Base` is no server class, as when a program extends a mixin instead of calling it. */
export function checkBase(mixin: string, Base: unknown): void {
  const prototype: unknown = typeof Base === "function" ? Base.prototype : undefined;
  if (typeof prototype === "object" && prototype !== null && "process_request" in prototype) return;
  throw wrongType("Base", `a class that extends BaseServer: ${mixin}(TCPServer)`, Base);
}
