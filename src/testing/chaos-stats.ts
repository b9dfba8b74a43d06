/** What has passed through a {@link chaosProxy} so far, and what it did. */
export interface ChaosStats {
  /** Connections, or senders of datagrams, that came. */
  readonly connections: number;
  /** Those that are open. */
  readonly openConnections: number;
  /** Those that the target, or `maxConnections`, refused. */
  readonly refusedConnections: number;
  /** Connections that were reset by plan. */
  readonly resets: number;
  readonly bytesToTarget: number;
  readonly bytesToClient: number;
  /** Datagrams that were sent on, each copy counted. */
  readonly datagrams: number;
  /** Lost by plan. */
  readonly droppedDatagrams: number;
  readonly duplicatedDatagrams: number;
  /** Overtaken by plan. */
  readonly reorderedDatagrams: number;
  /** Lost because nobody had room for them: the proxy holds no more, or the kernel took no more. */
  readonly overflowedDatagrams: number;
}

/** The same, while it is counted. */
export type Tally = { -readonly [Name in keyof ChaosStats]: number };

export function newTally(): Tally {
  return {
    connections: 0,
    openConnections: 0,
    refusedConnections: 0,
    resets: 0,
    bytesToTarget: 0,
    bytesToClient: 0,
    datagrams: 0,
    droppedDatagrams: 0,
    duplicatedDatagrams: 0,
    reorderedDatagrams: 0,
    overflowedDatagrams: 0,
  };
}
