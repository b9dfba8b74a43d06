import type { Address } from "./address.ts";

/** What the layer above has to say about the connections that a server takes, and is told of them. */
export interface AcceptGate {
  /** How many more may be taken now. At 0 none is: further ones wait in the backlog, and beyond that in their clients. */
  readonly room: number;
  /** Has `open` called once, as soon as there is room. What it gives calls that off. */
  whenOpen(open: () => void): () => void;
  /** One was taken. */
  entered(): void;
  /** One was taken by means of the spare descriptor, and closed, since there was no other. */
  shed(address: Address): void;
  /** accept(2) failed. */
  failed(error: unknown): void;
}
