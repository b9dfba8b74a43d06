import { type Address, wrongType } from "../socket/values.ts";
import type { BaseServer } from "./base-server.ts";
import type { BaseRequestHandler } from "./request-handler.ts";

/** A class of handlers: one is made for each request. */
export type HandlerClass<Request> = new (
  request: Request,
  client_address: Address,
  server: BaseServer<Request>,
) => BaseRequestHandler<Request>;

/**
 * A class of handlers by where it is: the module that exports it, and its name there. Worker threads and child processes take
 * handlers in this form only, since a class cannot be sent to them.
 */
export interface ModuleHandler {
  /** Such as `new URL("./echo-handler.js", import.meta.url)`. */
  readonly module: URL;
  /** The name under which the module exports the class; `"default"` is its default export. */
  readonly name: string;
}

const NAME = "RequestHandlerClass";
const FORM = "a class that extends BaseRequestHandler, or { module: URL, name: string }";

/** Throws for what is no class of handlers, in neither form. */
export function checkHandler(handler: unknown): void {
  if (typeof handler === "function") checkClass(handler);
  else if (isModuleHandler(handler)) checkModule(handler);
  else throw wrongType(NAME, FORM, handler);
}

/** Whether it is given by its module. Nothing else is checked. */
export function isModuleHandler(handler: unknown): handler is ModuleHandler {
  return typeof handler === "object" && handler !== null && "module" in handler;
}

/** Throws for what has not the two methods that every handler has, also if it inherits them. */
export function checkClass(handler: unknown): void {
  const prototype: unknown = typeof handler === "function" ? handler.prototype : undefined;
  if (!hasMethod(prototype, "run") || !hasMethod(prototype, "handle")) throw wrongType(NAME, FORM, handler);
}

/** Throws for a class that extends one whose requests are of another kind. What a module exports is not known yet. */
export function checkRequestsOf(handler: object, Other: object, requests: string): void {
  if (handler !== Other && !Object.prototype.isPrototypeOf.call(Other, handler)) return;
  throw wrongType(NAME, `a class of handlers of ${requests}`, handler);
}

function checkModule({ module, name }: ModuleHandler): void {
  if (!(module instanceof URL)) {
    const form = 'an instance of URL, such as new URL("./handler.js", import.meta.url)';
    throw wrongType(`${NAME}.module`, form, module);
  }
  if (typeof name !== "string") throw wrongType(`${NAME}.name`, "of type string", name);
}

function hasMethod(prototype: unknown, name: string): boolean {
  return typeof prototype === "object" && prototype !== null && typeof Reflect.get(prototype, name) === "function";
}
