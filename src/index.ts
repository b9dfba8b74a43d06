/** The entry `sockwright`: the BSD socket interface, layer 1. */

export {
  type Address,
  type AddressInput,
  has_ipv6,
  type Inet6Address,
  type InetAddress,
  type RawAddress,
  type UnixAbstractAddress,
  type UnixAddress,
  type UnixPathAddress,
  type VsockAddress,
} from "./socket/address.ts";
export { type AddressInfo, type AddressInfoOptions, getaddrinfo } from "./socket/address-info.ts";
export { inet_aton, inet_ntoa, inet_ntop, inet_pton } from "./socket/address-text.ts";
export type { Data } from "./socket/argument.ts";
export { htonl, htons, ntohl, ntohs } from "./socket/byte-order.ts";
export { WOULD_BLOCK } from "./socket/call.ts";
export * from "./socket/constants.ts";
export {
  type ControlMessage,
  controlLength as CMSG_LEN,
  controlSpace as CMSG_SPACE,
} from "./socket/control-message.ts";
export { adopt, fromfd, socket, socketpair } from "./socket/create.ts";
export { type CreateConnectionOptions, create_connection } from "./socket/create-connection.ts";
export { type CreateServerOptions, create_server, has_dualstack_ipv6 } from "./socket/create-server.ts";
export { getdefaulttimeout, setdefaulttimeout } from "./socket/default-timeout.ts";
export type { BinaryMode, KnownMode, MakefileOptions, TextMode } from "./socket/file-options.ts";
export {
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbyname_ex,
  gethostname,
  type HostNames,
} from "./socket/host-entry.ts";
export { if_indextoname, if_nameindex, if_nametoindex } from "./socket/interfaces.ts";
export type {
  Message,
  MessageDetails,
  MessageInto,
  ReceiveMessageOptions,
  SendMessageOptions,
} from "./socket/message.ts";
export { getnameinfo } from "./socket/name-info.ts";
export { type ReceivedDescriptors, recv_fds, send_fds } from "./socket/passed-descriptors.ts";
export type { ReceiveOptions } from "./socket/receive.ts";
export type { SendOptions } from "./socket/send.ts";
export type { ServeOptions } from "./socket/serve.ts";
export { getprotobyname, getservbyname, getservbyport } from "./socket/service-names.ts";
export type { Accepted, Datagram, Listener } from "./socket/socket.ts";
export { Socket, type SocketConstructor } from "./socket/socket-constructor.ts";
export type { DetachOptions } from "./socket/socket-descriptor.ts";
export { SocketError } from "./socket/socket-error.ts";
export { type FileData, SocketFile } from "./socket/socket-file.ts";
export { AbortError, SockwrightError, type SockwrightErrorCode } from "./socket/sockwright-error.ts";
export type { SocketStream } from "./socket/stream.ts";
export type { EncodingErrors } from "./socket/text-encoding.ts";
export type { Newline } from "./socket/text-units.ts";
export type { WaitOptions } from "./socket/wait-options.ts";
export type { WebStreams } from "./socket/web-streams.ts";
