// The exports of this folder that do not load the addon: arguments and their errors, options, errno, constants. The layers above
// import this file or internal.ts, and no other file of the folder.
export { AbortWait } from "./abort.ts";
export type { AcceptGate } from "./accept-gate.ts";
export type { Address, AddressInput } from "./address.ts";
export {
  bytesOf,
  checkLines,
  type Data,
  describeReceived,
  functionOf,
  intact,
  integer,
  outOfRange,
  viewOf,
  wrongType,
  wrongValue,
} from "./argument.ts";
export { rejectWith, tryPromise } from "./call.ts";
export * as constants from "./constants.ts";
export * from "./constants.ts";
export { controlSpace, encodeControl } from "./control-message.ts";
export { MAX_TIMEOUT_MS } from "./deadline.ts";
export { checkTimeout } from "./default-timeout.ts";
export { SocketDuplex } from "./duplex.ts";
export * from "./errno.ts";
export { canTell, FILE_WINDOW_BYTES, FilePages, type PagedFile } from "./file-pages.ts";
export { nearest } from "./nearest.ts";
export { checkDefinition, checkOptions, type OptionNames } from "./option-names.ts";
export { promiseOf } from "./promise-of.ts";
export { SocketError, succeed } from "./socket-error.ts";
export { isInternet, type SocketKind } from "./socket-type.ts";
export { AbortError, SockwrightError } from "./sockwright-error.ts";
export { codeOf, messageOf, textOf } from "./thrown.ts";
export { signalOf } from "./wait-options.ts";
export { type WebStreams, webStreamsOf } from "./web-streams.ts";
