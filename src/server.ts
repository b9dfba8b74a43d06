/** Servers and clients by URL, layer 2 of Sockwright: `sockwright/server`. */

export { type ConnectOptions, type ConnectTarget, connect } from "./server/connect.ts";
export type { Connection } from "./server/connection/connection.ts";
export type { ConnectionDeadline } from "./server/connection/connection-deadline.ts";
export type { ConnectionOptions, WhenWriteBufferFull } from "./server/connection/connection-options.ts";
export type { ConnectionStats } from "./server/connection/connection-stats.ts";
export type { SendFileOptions } from "./server/connection/file-sending.ts";
export type { Frames } from "./server/connection/frames.ts";
export type { LingerOptions } from "./server/connection/linger.ts";
export type { ExpiryReason } from "./server/connection/policy.ts";
export type { Push } from "./server/connection/push.ts";
export type { ConnectionStream } from "./server/connection/stream.ts";
export type { UpgradeTlsOptions } from "./server/connection/upgrade-tls.ts";
export type { LimitedRead, WaitOptions } from "./server/connection/wait.ts";
export type { ConnectionInfo } from "./server/connection-set.ts";
export type { Handshake } from "./server/handshake.ts";
export type { Rate } from "./server/limits/address-rate.ts";
export type { RefusalReason } from "./server/limits/admission.ts";
export type { DropReason } from "./server/limits/datagram-limit.ts";
export type { HandshakeFailure } from "./server/limits/handshakes.ts";
export type { AlarmLevel } from "./server/limits/level-alarm.ts";
export type { CommonOptions, ListenerInput, ListenerOptions, Listeners } from "./server/listener-options.ts";
export type { ProxySend } from "./server/proxy-send.ts";
export type { ServeOptions } from "./server/serve-options.ts";
export { type CloseOptions, type CloseSummary, type ReloadOptions, type Server, serve } from "./server/server.ts";
export type { DatagramMessage, Service, ServiceInput } from "./server/service.ts";
export type { ConnectionsAlarm } from "./server/telemetry/connection-alarms.ts";
export type { ConnectionContext } from "./server/telemetry/connection-context.ts";
export type { ConnectionEnd, EndReason } from "./server/telemetry/connection-end.ts";
export type { ConnectionStart, ConnectionStop, ConnectionTotals } from "./server/telemetry/connection-messages.ts";
export type { HistogramSnapshot } from "./server/telemetry/histogram.ts";
export { OPEN_METRICS_CONTENT_TYPE, openMetrics } from "./server/telemetry/open-metrics.ts";
export type { ServerStats, Tally } from "./server/telemetry/server-counters.ts";
export type { AboutPeer, HookName, ServerMessages } from "./server/telemetry/server-messages.ts";
export { DeadlineError, type DeadlineName } from "./server/time/deadline-error.ts";
export type { PemInput } from "./server/tls/pem-file.ts";
export { TlsError, TlsOptionError, type TlsOptionName } from "./server/tls/tls-error.ts";
export type { ClientCertificates, TlsOptions, TlsVersion } from "./server/tls/tls-options.ts";
export { ConnectionError, type ConnectionErrorCode } from "./server/transport/connection-error.ts";
export { TransportError } from "./server/transport/node-transport.ts";
export type { Peer } from "./server/transport/peer.ts";
export type { PeerCredentials } from "./server/transport/peer-credentials.ts";
export type { TlsInfo } from "./server/transport/tls-info.ts";
export type { TransportName } from "./server/transport/transport.ts";
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
} from "./server/url/socket-url.ts";
export type { StreamUrlFields, TlsUrlFields } from "./server/url/stream-fields.ts";
export type { VsockUrl } from "./server/url/vsock-url.ts";
export type { WebStreams } from "./socket/values.ts";
