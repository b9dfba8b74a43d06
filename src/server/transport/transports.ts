import { nodeTransport } from "./node-transport.ts";
import type { Transport, TransportName } from "./transport.ts";

let substitute: Transport | undefined;

/** Has every server and client of this process that is opened from now on use another transport; undefined: none. */
export function substituteTransport(replacement: Transport | undefined): void {
  substitute = replacement;
}

/** Whether it is node:net and node:dgram: where that is said, and on other systems than Linux, which have no addon. */
export function isOverNode(name: TransportName | undefined): boolean {
  const forced = forcedName(name);
  return forced === "node" || (forced === undefined && process.platform !== "linux");
}

/**
 * Loaded when it is needed first: without the addon, what does not need it runs all the same.
 *
 * @param name - which one; without it, what `SOCKWRIGHT_TRANSPORT` says.
 */
export async function transport(name?: TransportName): Promise<Transport> {
  if (substitute !== undefined) return substitute;
  return isOverNode(name) ? nodeTransport : (await import("./native-transport.ts")).nativeTransport;
}

function forcedName(name: TransportName | undefined): TransportName | undefined {
  const forced = name ?? process.env["SOCKWRIGHT_TRANSPORT"];
  if (forced === "native" || forced === "node") return forced;
  if (forced === undefined || forced === "") return undefined;
  const error = new TypeError(`SOCKWRIGHT_TRANSPORT is ${JSON.stringify(forced)}: it can be "native" or "node"`);
  throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
}
