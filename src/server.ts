/** Servers and clients by URL, layer 2 of Sockwright: `sockwright/server`. */

export type { Rate } from "./server/address-rate.ts";
export type { RefusalReason } from "./server/admission.ts";
export { type ConnectOptions, connect } from "./server/connect.ts";
export type { Connection, ConnectionStats, ReadUntilOptions } from "./server/connection.ts";
export { ConnectionError, type ConnectionErrorCode } from "./server/connection-error.ts";
export type { DropReason } from "./server/datagram-limit.ts";
export { DeadlineError, type DeadlineName } from "./server/deadline-error.ts";
export type { SendFileOptions } from "./server/file-sending.ts";
export type { ExpiryReason } from "./server/flow.ts";
export type { FlowOptions, WhenOutboxFull } from "./server/flow-limits.ts";
export type { Frames } from "./server/frames.ts";
export type { AlarmLevel } from "./server/level-alarm.ts";
export { TransportError } from "./server/node-transport.ts";
export type { PeerCredentials } from "./server/peer-credentials.ts";
export { type CloseOptions, type Server, serve } from "./server/serve.ts";
export type { ConnectionsAlarm, ServeOptions } from "./server/serve-options.ts";
export type { ServerStats, Tally } from "./server/server-counters.ts";
export type { DatagramMessage, Service, ServiceInput } from "./server/service.ts";
export {
  type AddressUrl,
  formatSocketUrl,
  type InheritedUrl,
  type InternetUrl,
  parseSocketUrl,
  type SocketUrl,
  SocketUrlError,
  type UnixAbstractUrl,
  type UnixPathUrl,
  type UnixScheme,
} from "./server/socket-url.ts";
export type { ConnectionContext } from "./server/telemetry/connection-context.ts";
export type { ConnectionEnd, EndReason } from "./server/telemetry/connection-end.ts";
export type { ConnectionStart, ConnectionStop, ConnectionTotals } from "./server/telemetry/connection-messages.ts";
export type { HistogramSnapshot } from "./server/telemetry/histogram.ts";
export { OPEN_METRICS_CONTENT_TYPE, openMetrics } from "./server/telemetry/open-metrics.ts";
export type { AboutPeer, ServerMessages } from "./server/telemetry/server-messages.ts";
export type { Peer } from "./server/transport.ts";
export type { VsockUrl } from "./server/vsock-url.ts";
