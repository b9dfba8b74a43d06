// One side of a chat between two: it prints what the other says while this one types.
import { setTimeout as pause } from "node:timers/promises";
import { SHUT_WR, type Socket } from "sockwright";
import { printable } from "./client-limits.ts";
import { lines } from "./lines.ts";

const SEND_TIMEOUT_MS = Number(process.env["IDLE_TIMEOUT_MS"] ?? 10_000);
const LEAVE_TIMEOUT_MS = 2_000; // for the last words of the other side

export class Conversation {
  readonly ended: Promise<void>; // rejects when the connection fails
  readonly #mouth: Socket; // a dup(2) with a time-out: whoever listens waits as long as it takes

  constructor(peer: Socket, name: string) {
    peer.settimeout(null);
    this.#mouth = peer.dup();
    this.#mouth.settimeout(SEND_TIMEOUT_MS);
    this.ended = this.#listen(peer, name);
  }

  say(line: string, signal?: AbortSignal): Promise<void> {
    return this.#mouth.sendall(`${line}\n`, { signal });
  }

  /** Rejects as `ended` does. */
  async leave(): Promise<void> {
    if (!this.#mouth.closed) this.#mouth.shutdown(SHUT_WR);
    await Promise.race([this.ended, pause(LEAVE_TIMEOUT_MS)]);
  }

  async #listen(peer: Socket, name: string): Promise<void> {
    console.log(`${name} is here.`);
    try {
      for await (const line of lines(peer)) console.log(`${name}: ${printable(line)}`);
    } finally {
      this.#mouth.close();
      console.log(`${name} has left.`);
    }
  }
}
