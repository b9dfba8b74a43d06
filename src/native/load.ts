import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { addonFile, notLoaded, thisMachine } from "./addon-file.ts";
import type { Addon, Kernel } from "./kernel.ts";
import { framed } from "./transfer-frame.ts";

const loaded = load();
const addon = loaded instanceof Error ? failing(loaded) : loaded;

/** Why there is no addon. What needs none can be loaded all the same; `socket/create.ts` throws it. */
export const addonError = loaded instanceof Error ? loaded : undefined;

function load(): Addon | Error {
  const folder = fileURLToPath(new URL("../..", import.meta.url)).replace(/(?<=.)\/$/, "");
  const file = process.env["SOCKWRIGHT_ADDON"] ?? addonFile(folder, process.platform, process.arch);
  try {
    return createRequire(import.meta.url)(file) as Addon;
  } catch (cause) {
    return notLoaded(file, folder, thisMachine(), cause);
  }
}

/** Stands in for an addon that cannot be loaded: each of its functions says why. */
function failing(error: Error): Addon {
  const fail = (): never => {
    throw error;
  };
  const values = { transferFrame: new Int32Array(0), constants: [] } as Partial<Addon> as Addon;
  return new Proxy(values, { get: (_, name) => Reflect.get(values, name) ?? fail });
}

/**
 * The addon of this environment. Tests replace single functions of it to play the kernel. Written out, because V8 takes
 * a literal's properties for constants, and searches those of an object that was filled from C++ at every call.
 */
export const kernel: Kernel = {
  socket: addon.socket,
  socketpair: addon.socketpair,
  adopt: addon.adopt,
  fromfd: addon.fromfd,
  dup: addon.dup,
  fileno: addon.fileno,
  detach: addon.detach,
  close: addon.close,
  closeInOrder: addon.closeInOrder,
  unblock: addon.unblock,
  getInheritable: addon.getInheritable,
  setInheritable: addon.setInheritable,
  openDescriptors: addon.openDescriptors,
  bind: addon.bind,
  listen: addon.listen,
  accept: addon.accept,
  connect: addon.connect,
  shutdown: addon.shutdown,
  getsockname: addon.getsockname,
  getpeername: addon.getpeername,
  recvfrom: addon.recvfrom,
  sendto: addon.sendto,
  sendmsg: addon.sendmsg,
  recvmsg: addon.recvmsg,
  sendfile: addon.sendfile,
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
  setReferenced: addon.setReferenced,
  poll: addon.poll,
  constants: addon.constants,
  ...framed(addon),
};
