// The ways in which TLS carries the bytes of a connection.
import { useTransport } from "../../support/transports.ts";

/** Each transport; over the native one also whether `node:net` takes over the descriptor of an accepted connection. */
export const WAYS = [
  { name: "native, handed over", transport: "native", detectTruncation: false },
  { name: "native, over the link", transport: "native", detectTruncation: true },
  { name: "node", transport: "node", detectTruncation: false },
  { name: "memory", transport: "memory", detectTruncation: false },
] as const;

export type Way = (typeof WAYS)[number];

/** Servers and clients use the transport until the test ends. Returns the options of a server. */
export function useWay({ transport, detectTruncation }: Way): { readonly detectTruncation?: boolean } {
  useTransport(transport);
  // A listener without the option takes its default.
  return detectTruncation ? { detectTruncation } : {};
}
