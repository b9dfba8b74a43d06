import { onTestFinished, vi } from "vitest";
import { memoryTransport } from "../../src/testing.ts";

/** The transports of `sockwright/server`. */
export const TRANSPORTS = ["native", "node", "memory"] as const;

/** Servers and clients use the transport until the test ends. */
export function useTransport(transport: (typeof TRANSPORTS)[number]): void {
  if (transport !== "memory") vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  else {
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
  }
}
