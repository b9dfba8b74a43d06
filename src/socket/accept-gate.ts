import type { Address } from "./address.ts";

/** What a listener, of whatever transport, asks about the connections that it takes, and tells of them. */
export interface AcceptGate {
  /**
   * How many more may be taken now. At 0 none is, by a listener that can leave them: further ones wait in the backlog, and
   * beyond that in their clients.
   */
  readonly room: number;
  /** Has `open` called once, as soon as there is room. What it gives calls that off. */
  whenOpen(open: () => void): () => void;
  /** One was taken; it is handed over next. */
  entered(): void;
  /** One was taken by means of the spare descriptor, and closed, since there was no other. */
  shed(address: Address): void;
  /** accept(2) failed; the listener goes on. */
  acceptFailed(error: unknown): void;
}
