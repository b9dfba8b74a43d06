import type { Peer } from "./peer.ts";

/** What a listener asks about the connections that it takes, and tells of them. */
export interface ConnectionGate {
  /** How many more may be taken now. A listener that can leaves the others in the kernel's backlog. */
  readonly room: number;
  /** Has `open` called once, as soon as there is room. What it gives calls that off. */
  whenOpen(open: () => void): () => void;
  /** One was taken; it is handed over next. */
  entered(): void;
  /** One was taken and reset at once, since there was no descriptor for it. */
  shed(peer: Peer): void;
  /** accept(2) failed; the listener goes on. */
  acceptFailed(error: unknown): void;
}
