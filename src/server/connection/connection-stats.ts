/** The counters of a connection at one moment. */
export interface ConnectionStats {
  /** Received bytes, whether the program has read them or not. */
  readonly bytesRead: number;
  /** Received bytes that the program has not read yet. */
  readonly bytesUnread: number;
  /** Sent bytes: those that the kernel has taken. */
  readonly bytesWritten: number;
  /** Written bytes that wait to be sent. */
  readonly bytesWaiting: number;
  /** Writes dropped under `whenWriteBufferFull: "drop"`. */
  readonly writesDropped: number;
  readonly openedAt: Date;
  /** The time since the connection was opened, on the monotonic clock; it stops when the connection is closed or lost. */
  readonly durationMs: number;
}
