import { StoreError } from "./store-error.ts";

/** The bytes that a store has, and may have. */
export class Space {
  readonly #quotaBytes: number | undefined;
  #usedBytes = 0;

  constructor(quotaBytes: number | undefined) {
    this.#quotaBytes = quotaBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Sets what is used, as it was counted. */
  set(usedBytes: number): void {
    this.#usedBytes = usedBytes;
  }

  /**
   * Checks whether a file of this length has room. It reserves nothing: a client that only announces files takes no room from others.
   *
   * @throws StoreError `QUOTA`.
   */
  check(bytes: number): void {
    if (this.#quotaBytes === undefined || this.#usedBytes + bytes <= this.#quotaBytes) return;
    throw new StoreError("QUOTA", "The files of this server have reached its quota");
  }

  /**
   * Counts bytes that were received.
   *
   * @throws StoreError `QUOTA`; then they are not counted.
   */
  take(bytes: number): void {
    this.check(bytes);
    this.#usedBytes += bytes;
  }

  /** Counts bytes that are no more. */
  give(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }
}
