import { wrongValue } from "../../socket/values.ts";
import { nodeTransport } from "./node-transport.ts";
import type { Transport, TransportName } from "./transport.ts";

let substitute: Transport | undefined;

/** Makes every server and client that this process opens from now on use `replacement`; `undefined` ends that. */
export function substituteTransport(replacement: Transport | undefined): void {
  substitute = replacement;
}

/** Returns whether sockets come from node:net and node:dgram: if the name says so, and on systems other than Linux, without addon. */
export function isOverNode(name: TransportName | undefined): boolean {
  const forced = forcedName(name);
  return forced === "node" || (forced === undefined && process.platform !== "linux");
}

/**
 * Returns a transport. It loads the native one at its first use, so that programs over `node:net` run without the addon.
 *
 * @param name - the transport. Default is the environment variable `SOCKWRIGHT_TRANSPORT`, else the native one on Linux.
 */
export async function transport(name?: TransportName): Promise<Transport> {
  if (substitute !== undefined) return substitute;
  return isOverNode(name) ? nodeTransport : (await import("./native-transport.ts")).nativeTransport;
}

/** A program in JavaScript can give any value. */
function checkName(name: unknown): TransportName {
  if (name === "native" || name === "node") return name;
  throw wrongValue("name", 'must be "native" or "node"', name);
}

function forcedName(name: TransportName | undefined): TransportName | undefined {
  if (name !== undefined) return checkName(name);
  const forced = process.env["SOCKWRIGHT_TRANSPORT"];
  if (forced === "native" || forced === "node") return forced;
  if (forced === undefined || forced === "") return undefined;
  const error = new TypeError(`SOCKWRIGHT_TRANSPORT is ${JSON.stringify(forced)}: it can be "native" or "node"`);
  throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
}
