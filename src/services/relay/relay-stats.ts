/** The counters of a relay, as they were when `stats()` was called. */
export interface RelayStats {
  /** Connections that the relay has joined with one to the target since its start; for datagrams, sessions. */
  readonly joined: number;
  /** Of these, those that are open. */
  readonly open: number;
  /** Attempts to connect to the target that failed; the relay reset the client. */
  readonly connectsFailed: number;
  /** Joined connections that one side lost or reset, or whose deadline has passed; the relay reset the other side. */
  readonly failed: number;
  /** Sessions of datagrams that ended because the relay needed their place. */
  readonly sessionsEvicted: number;
  /** Datagrams that were not passed on: more waited than the limits allow, or the receiver has gone. */
  readonly datagramsDropped: number;
  /** Bytes from clients that the relay has passed on to the target. */
  readonly bytesToTarget: number;
  /** Bytes from the target that the relay has passed on to clients. */
  readonly bytesFromTarget: number;
}

/** The counters of a running relay. */
export type RelayCounters = { -readonly [Name in keyof RelayStats]: RelayStats[Name] };

/** Makes counters at zero. */
export function relayCounters(): RelayCounters {
  return {
    joined: 0,
    open: 0,
    connectsFailed: 0,
    failed: 0,
    sessionsEvicted: 0,
    datagramsDropped: 0,
    bytesToTarget: 0,
    bytesFromTarget: 0,
  };
}
