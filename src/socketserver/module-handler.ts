import { wrongValue } from "../socket/values.ts";
import { checkClass, type ModuleHandler } from "./handler-class.ts";

/** The module and name of a handler class, in the form sent to a worker thread or child process. */
export interface HandlerLocation {
  /** The URL of the module. */
  readonly module: string;
  /** The name of the export. */
  readonly name: string;
}

/** Converts a {@link ModuleHandler} to the form that can be sent. */
export function locationOf({ module, name }: ModuleHandler): HandlerLocation {
  return { module: module.href, name };
}

/** An imported handler class. */
export type ImportedHandler = new (
  request: unknown,
  client_address: unknown,
  server: unknown,
) => { run(): PromiseLike<void> };

/**
 * Imports a handler class.
 *
 * @throws TypeError naming `RequestHandlerClass` if the module cannot be imported, or does not export the class.
 */
export async function importHandler(location: HandlerLocation): Promise<ImportedHandler> {
  const { name } = location;
  const exports = await importModule(location);
  if (!(name in exports)) {
    const names = Object.keys(exports).join(", ") || "none";
    throw wrongValue("RequestHandlerClass", `must name an export of its module, which has: ${names}`, location);
  }
  const Handler: unknown = Reflect.get(exports, name);
  checkImported(Handler);
  return Handler;
}

async function importModule(location: HandlerLocation): Promise<object> {
  try {
    return await import(location.module);
  } catch (cause) {
    throw Object.assign(wrongValue("RequestHandlerClass", "names a module that cannot be imported", location), {
      cause,
    });
  }
}

function checkImported(handler: unknown): asserts handler is ImportedHandler {
  checkClass(handler);
}
