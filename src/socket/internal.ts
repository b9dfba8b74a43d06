// The entry of layer 1 for the layers above, with the modules that move bytes. It needs the addon: without one, its first
// import throws. The entry for users is src/index.ts.
export { acceptAction, type Incoming } from "./accept.ts";
export { AddressBuffer, decodeAddress, encodeAddress, encodeNumericAddress, SOCKADDR_BYTES } from "./address.ts";
export { getaddrinfo } from "./address-info.ts";
export { adopt, fromfd, socket } from "./create.ts";
export type { Endpoint } from "./endpoint.ts";
export { HeldFile } from "./held-file.ts";
export { MessageResults } from "./message-results.ts";
export { readableWithin } from "./readiness.ts";
export { resetAtClose } from "./reset.ts";
export { acceptAll, pauseForShortage } from "./serve.ts";
export { type Datagram, type Listener, Socket } from "./socket.ts";
export { SocketDescriptor } from "./socket-descriptor.ts";
export type { SocketFile } from "./socket-file.ts";
export { registerFinalizer, unregisterFinalizer } from "./socket-finalizer.ts";
export { concerns, dropUnwanted, errorBehind, hasFailed, isWait, keepAlive, SpuriousWakeups } from "./watching.ts";
