/** The base of decoders whose error is sticky: after a decoder has failed, its calls throw the same error again. */
export abstract class StickyDecoder {
  /** The error that the decoder failed with; undefined while it works. */
  protected failure: unknown;

  /** Throws the error again after a failure. */
  protected checkFailure(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Records the error, and throws it. */
  protected fail(error: unknown): never {
    this.failure = error;
    throw error;
  }
}
