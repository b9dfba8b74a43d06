/** The counters of a {@link chaosProxy}: what it has forwarded, and the faults that it has injected. */
export interface ChaosStats {
  /** Connections that the proxy has accepted, or senders of datagrams that it has seen. */
  readonly connections: number;
  /** Connections, or senders of datagrams, that are open now. */
  readonly openConnections: number;
  /** Connections that the target refused, or that the limit `maxConnections` refused. */
  readonly refusedConnections: number;
  /** Connections that the proxy has reset because of `resetProbability`. */
  readonly resets: number;
  /** Bytes forwarded to the target. */
  readonly bytesToTarget: number;
  /** Bytes forwarded to clients. */
  readonly bytesToClient: number;
  /** Datagrams forwarded; each copy counts. */
  readonly datagrams: number;
  /** Datagrams dropped because of `dropProbability`. */
  readonly droppedDatagrams: number;
  /** Datagrams sent twice because of `duplicateProbability`. */
  readonly duplicatedDatagrams: number;
  /** Datagrams held back because of `reorderProbability`. */
  readonly reorderedDatagrams: number;
  /** Datagrams lost because the proxy's queue was full or the kernel did not accept them. */
  readonly overflowedDatagrams: number;
}

/** The mutable counters behind {@link ChaosStats}. */
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
