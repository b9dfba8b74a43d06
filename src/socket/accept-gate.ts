import type { Address } from "./address.ts";

/** The interface that limits how many connections a listener of any transport accepts, and receives its reports. */
export interface AcceptGate {
  /**
   * How many more connections the listener may accept now. At 0 it accepts none, if its transport can leave them: further ones
   * wait in the backlog, and beyond that in their clients.
   */
  readonly room: number;
  /** Calls `open` once, as soon as the listener may accept again. Returns a function that cancels this. */
  whenOpen(open: () => void): () => void;
  /** Called after the listener has accepted a connection, before it hands it over. */
  entered(): void;
  /** Called after the listener has accepted a connection with the spare descriptor, for lack of another, and closed it. */
  shed(address: Address): void;
  /** Called when accept(2) has failed and the listener continues. */
  acceptFailed(error: unknown): void;
}
