// Generated from native/calls.def by scripts/generate-calls.mjs: change that table, not this file.

import type { Addon, Kernel } from "./kernel.ts";
import { framed } from "./transfer-frame.ts";

/**
 * The addon as a {@link Kernel}. Written out, because V8 takes a literal's properties for constants, and searches those of an
 * object that was filled from C++ at every call.
 */
export function kernelOf(addon: Addon): Kernel {
  return {
    socket: addon.socket,
    socketpair: addon.socketpair,
    adopt: addon.adopt,
    fromfd: addon.fromfd,
    fileno: addon.fileno,
    dup: addon.dup,
    detach: addon.detach,
    close: addon.close,
    closeInOrder: addon.closeInOrder,
    unblock: addon.unblock,
    getInheritable: addon.getInheritable,
    setInheritable: addon.setInheritable,
    openDescriptors: addon.openDescriptors,
    bind: addon.bind,
    connect: addon.connect,
    listen: addon.listen,
    accept: addon.accept,
    shutdown: addon.shutdown,
    getsockname: addon.getsockname,
    getpeername: addon.getpeername,
    recvfrom: addon.recvfrom,
    sendto: addon.sendto,
    receiveReady: addon.receiveReady,
    sendAll: addon.sendAll,
    recvmmsg: addon.recvmmsg,
    sendmmsg: addon.sendmmsg,
    sendmsg: addon.sendmsg,
    recvmsg: addon.recvmsg,
    sendfile: addon.sendfile,
    probeFile: addon.probeFile,
    seekFile: addon.seekFile,
    openat2: addon.openat2,
    getsockopt: addon.getsockopt,
    setsockopt: addon.setsockopt,
    inet_pton: addon.inet_pton,
    inet_ntop: addon.inet_ntop,
    inet_aton: addon.inet_aton,
    if_nametoindex: addon.if_nametoindex,
    if_indextoname: addon.if_indextoname,
    if_nameindex: addon.if_nameindex,
    getaddrinfo: addon.getaddrinfo,
    getnameinfo: addon.getnameinfo,
    gethostbyname: addon.gethostbyname,
    gethostbyaddr: addon.gethostbyaddr,
    getservbyname: addon.getservbyname,
    getservbyport: addon.getservbyport,
    getprotobyname: addon.getprotobyname,
    start: addon.start,
    watch: addon.watch,
    pollerDescriptor: addon.pollerDescriptor,
    setReferenced: addon.setReferenced,
    poll: addon.poll,
    constants: addon.constants,
    ...framed(addon),
  };
}
