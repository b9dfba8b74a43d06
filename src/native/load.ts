import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type { Addon, Kernel } from "./kernel.ts";
import { framed } from "./transfer-frame.ts";

const BUILT = new URL("../../native/build/Release/sockwright.node", import.meta.url);

/** The addon could not be loaded. The message says what to do; `cause` is the loader's own error. */
function notLoaded(path: string, cause: unknown): Error {
  const hint =
    process.platform === "linux"
      ? "build it with `npm run build` (needs python3, make and g++)"
      : `it needs Linux, and this is ${process.platform}`;
  const error = new Error(`The native addon cannot be loaded from ${path}: ${hint}`, { cause });
  return Object.assign(error, { code: "ERR_SOCKWRIGHT_NATIVE" });
}

function load(): Addon {
  const path = process.env["SOCKWRIGHT_ADDON"] ?? fileURLToPath(BUILT);
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw notLoaded(path, cause);
  }
}

const addon = load();

/**
 * The addon of this environment. Tests replace single functions of it to play the kernel. Written out, because V8 takes
 * a literal's properties for constants, and searches those of an object that was filled from C++ at every call.
 */
export const kernel: Kernel = {
  socket: addon.socket,
  socketpair: addon.socketpair,
  adopt: addon.adopt,
  dup: addon.dup,
  fileno: addon.fileno,
  detach: addon.detach,
  close: addon.close,
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
  getsockopt: addon.getsockopt,
  setsockopt: addon.setsockopt,
  inet_pton: addon.inet_pton,
  inet_ntop: addon.inet_ntop,
  if_nametoindex: addon.if_nametoindex,
  start: addon.start,
  watch: addon.watch,
  setReferenced: addon.setReferenced,
  poll: addon.poll,
  constants: addon.constants,
  ...framed(addon),
};
