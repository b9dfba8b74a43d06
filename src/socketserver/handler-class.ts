import { type Address, wrongType } from "../socket/values.ts";
import type { BaseServer } from "./base-server.ts";
import type { BaseRequestHandler } from "./request-handler.ts";

/** A class of request handlers: the server makes one for each request. */
export type HandlerClass<Request> = new (
  request: Request,
  client_address: Address,
  server: BaseServer<Request>,
) => BaseRequestHandler<Request>;

/**
 * A handler class given by the module that exports it and its name there. Worker threads and child processes accept handlers in
 * this form only, since a class cannot be sent to them.
 */
export interface ModuleHandler {
  /** The URL of the module, such as `new URL("./echo-handler.js", import.meta.url)`. */
  readonly module: URL;
  /** The name under which the module exports the class; `"default"` is its default export. */
  readonly name: string;
}

const NAME = "RequestHandlerClass";
const FORM = "a class that extends BaseRequestHandler, or { module: URL, name: string }";

/** Throws if the value is no handler class, in either form. */
export function checkHandler(handler: unknown): void {
  if (typeof handler === "function") checkClass(handler);
  else if (isModuleHandler(handler)) checkModule(handler);
  else throw wrongType(NAME, FORM, handler);
}

/** Whether the handler is given by module. It checks nothing else. */
export function isModuleHandler(handler: unknown): handler is ModuleHandler {
  return typeof handler === "object" && handler !== null && "module" in handler;
}

/** Throws if the class lacks `run` or `handle`, own or inherited. */
export function checkClass(handler: unknown): void {
  const prototype: unknown = typeof handler === "function" ? handler.prototype : undefined;
  if (!hasMethod(prototype, "run") || !hasMethod(prototype, "handle")) throw wrongType(NAME, FORM, handler);
}

/** Throws for a class that extends `Other`, whose requests are of another kind. It cannot check the export of a module. */
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
