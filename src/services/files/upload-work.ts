import type { UploadWriter } from "./upload-writer.ts";

/** A request that works on an upload, or that reads its state. */
export class UploadWork {
  writer: UploadWriter | undefined;
  isSuperseded = false;
  readonly ended: Promise<void>;
  readonly #onEnd: () => void;
  #resolve: () => void = () => undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  supersede(): void {
    this.isSuperseded = true;
    this.writer?.supersede();
  }

  end(): void {
    this.#onEnd();
    this.#resolve();
  }
}
