import { Backoff } from "../../socket/deadline.ts";
import { spuriousReadiness } from "../../socket/diagnostics.ts";
import { MAX_SPURIOUS_BACKOFF_MS, MAX_SPURIOUS_WAKEUPS, MIN_SPURIOUS_BACKOFF_MS } from "../../socket/direction.ts";

/** What a socket is, as socket(2) was told. */
export interface SocketKind {
  readonly family: number;
  readonly type: number;
}

/**
 * The events of a link that had nothing to read: forged datagrams with a bad checksum make them. An event that never ends
 * must not spin, so after a number of them in a row the link is out of epoll for a while, as a direction of layer 1 is.
 */
export class SpuriousWakeups {
  readonly #backoff = new Backoff(MIN_SPURIOUS_BACKOFF_MS, MAX_SPURIOUS_BACKOFF_MS);
  #count = 0;

  /** Counts one. True when it is time for a pause. */
  isTooOften({ family, type }: SocketKind): boolean {
    if (++this.#count < MAX_SPURIOUS_WAKEUPS) return false;
    this.#count = 0;
    spuriousReadiness.publish({ family, type, syscall: "recv" });
    return true;
  }

  pause(goOn: () => void): void {
    this.#backoff.schedule(goOn);
  }

  /** Something was read. */
  reset(): void {
    this.#count = 0;
    this.#backoff.reset();
  }

  cancel(): void {
    this.#backoff.cancel();
  }
}
