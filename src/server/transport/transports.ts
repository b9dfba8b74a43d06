import { nodeTransport } from "./node-transport.ts";
import type { Transport, TransportName } from "./transport.ts";

let substitute: Transport | undefined;

/** Has every server and client of this process that is opened from now on use another transport; undefined: none. */
export function substituteTransport(replacement: Transport | undefined): void {
  substitute = replacement;
}

/**
 * Loaded when it is needed first: without the addon, what does not need it runs all the same.
 *
 * @param name - which one; without it, what `SOCKWRIGHT_TRANSPORT` says.
 */
export async function transport(name?: TransportName): Promise<Transport> {
  if (substitute !== undefined) return substitute;
  const forced = name ?? process.env["SOCKWRIGHT_TRANSPORT"];
  if (forced === "node") return nodeTransport;
  if (forced !== undefined && forced !== "" && forced !== "native") {
    const error = new TypeError(`SOCKWRIGHT_TRANSPORT is ${JSON.stringify(forced)}: it can be "native" or "node"`);
    throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
  }
  try {
    return (await import("./native-transport.ts")).nativeTransport;
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_SOCKWRIGHT_NATIVE";
    if (isMissing && forced !== "native" && process.platform !== "linux") return nodeTransport;
    throw error;
  }
}
