/** The entry `sockwright/socketserver`: servers with the classes and hooks of Python's module `socketserver`. */

export type { Address, AddressInput, Data } from "./socket/values.ts";
export { type Awaitable, BaseServer } from "./socketserver/base-server.ts";
export {
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixDatagramServer,
  ForkingUnixStreamServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixDatagramServer,
  ThreadingUnixStreamServer,
} from "./socketserver/combined-servers.ts";
export { type CollectOptions, type Forking, ForkingMixIn } from "./socketserver/forking-mixin.ts";
export type { HandlerClass, ModuleHandler } from "./socketserver/handler-class.ts";
export type { MemoryFile } from "./socketserver/memory-file.ts";
export type { RequestWithAddress } from "./socketserver/pending-requests.ts";
export { BaseRequestHandler, DatagramRequestHandler, StreamRequestHandler } from "./socketserver/request-handler.ts";
export type { RequestOf, ServerClass, WithMembers } from "./socketserver/server-class.ts";
export { TCPServer } from "./socketserver/tcp-server.ts";
export { type Threading, ThreadingMixIn } from "./socketserver/threading-mixin.ts";
export { type DatagramRequest, UDPServer } from "./socketserver/udp-server.ts";
export { UnixDatagramServer, UnixStreamServer } from "./socketserver/unix-server.ts";
