import { wrongValue } from "../socket/values.ts";
import { checkClass, type ModuleHandler } from "./handler-class.ts";

/** A handler's class by its module, as it is sent to a worker thread or a child process. */
export interface HandlerPlace {
  /** The address of the module. */
  readonly module: string;
  /** Under which name it exports the class. */
  readonly name: string;
}

/** How the module of a handler is told to another thread or process. */
export function placeOf({ module, name }: ModuleHandler): HandlerPlace {
  return { module: module.href, name };
}

/** A handler's class, where it was imported. */
export type ImportedHandler = new (
  request: unknown,
  client_address: unknown,
  server: unknown,
) => { run(): PromiseLike<void> };

/**
 * Imports a handler's class.
 *
 * @throws TypeError naming `RequestHandlerClass`: the module cannot be imported, or exports no such class.
 */
export async function importHandler(place: HandlerPlace): Promise<ImportedHandler> {
  const { name } = place;
  const exports = await importModule(place);
  if (!(name in exports)) {
    const names = Object.keys(exports).join(", ") || "none";
    throw wrongValue("RequestHandlerClass", `must name an export of its module, which has: ${names}`, place);
  }
  const Handler: unknown = Reflect.get(exports, name);
  checkImported(Handler);
  return Handler;
}

async function importModule(place: HandlerPlace): Promise<object> {
  try {
    return await import(place.module);
  } catch (cause) {
    throw Object.assign(wrongValue("RequestHandlerClass", "names a module that cannot be imported", place), { cause });
  }
}

function checkImported(handler: unknown): asserts handler is ImportedHandler {
  checkClass(handler);
}
