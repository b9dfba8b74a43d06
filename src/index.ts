/** The BSD socket interface, layer 1 of Sockwright. */

export type {
  Address,
  AddressInput,
  Inet6Address,
  InetAddress,
  RawAddress,
  UnixAbstractAddress,
  UnixAddress,
  UnixPathAddress,
  VsockAddress,
} from "./socket/address.ts";
export { type AddressInfo, type AddressInfoOptions, getaddrinfo } from "./socket/address-info.ts";
export type { Data } from "./socket/argument.ts";
export { WOULD_BLOCK } from "./socket/call.ts";
export * from "./socket/constants.ts";
export { type ControlMessage, controlSpace as CMSG_SPACE } from "./socket/control-message.ts";
export { adopt, fromfd, socket, socketpair } from "./socket/create.ts";
export { type CreateServerOptions, create_server, has_dualstack_ipv6 } from "./socket/create-server.ts";
export type { BinaryMode, MakefileOptions, TextMode } from "./socket/file-options.ts";
export type {
  Message,
  MessageDetails,
  MessageInto,
  ReceiveMessageOptions,
  SendMessageOptions,
} from "./socket/message.ts";
export { type ReceivedDescriptors, recv_fds, send_fds } from "./socket/passed-descriptors.ts";
export type { ReceiveOptions } from "./socket/receive.ts";
export type { SendOptions } from "./socket/send.ts";
export type { ServeOptions } from "./socket/serve.ts";
export type { Accepted, Datagram, Listener } from "./socket/socket.ts";
export { Socket, type SocketConstructor } from "./socket/socket-constructor.ts";
export { SocketError } from "./socket/socket-error.ts";
export { type FileData, SocketFile } from "./socket/socket-file.ts";
export { AbortError, SockwrightError, type SockwrightErrorCode } from "./socket/sockwright-error.ts";
export type { SocketStream } from "./socket/stream.ts";
export type { EncodingErrors } from "./socket/text-encoding.ts";
export type { Newline } from "./socket/text-units.ts";
export { getdefaulttimeout, setdefaulttimeout } from "./socket/time-out.ts";
export type { WaitOptions } from "./socket/wait-options.ts";
export type { WebStreams } from "./socket/web-streams.ts";
