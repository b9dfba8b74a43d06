import type { Address } from "./address.ts";

/** The interface that limits how many connections a listener of any transport accepts, and receives its reports. */
export interface AcceptGate {
  /**
   * How many more connections the listener may accept now. At 0 it accepts none, if its transport can leave them: further ones
   * wait in the backlog, and beyond that in their clients.
   */
  readonly capacity: number;
  /** Calls `open` once, as soon as the listener may accept again. Returns a function that cancels this. */
  whenOpen(open: () => void): () => void;
  /** Counts a connection that the listener has accepted, before it hands it over. */
  countAccepted(): void;
  /** Counts a connection that the listener has accepted with the spare descriptor, for lack of another, and closed. */
  countShed(address: Address): void;
  /** Counts an error of accept(2) after which the listener continues. */
  countAcceptError(error: unknown): void;
}
