import type { AcceptGate } from "../../socket/accept-gate.ts";
import type { Address } from "../../socket/address.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { peerOf } from "./peer-of.ts";

/** The gate of a server as a listener of layer 1 asks it. */
export class NativeGate implements AcceptGate {
  readonly #gate: ConnectionGate;

  constructor(gate: ConnectionGate) {
    this.#gate = gate;
  }

  get room(): number {
    return this.#gate.room;
  }

  whenOpen(open: () => void): () => void {
    return this.#gate.whenOpen(open);
  }

  entered(): void {
    this.#gate.entered();
  }

  shed(address: Address): void {
    this.#gate.shed(peerOf(address));
  }

  failed(error: unknown): void {
    this.#gate.acceptFailed(error);
  }
}
