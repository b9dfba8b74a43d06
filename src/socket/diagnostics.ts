// The diagnostics channels of layer 1.
import { channel } from "node:diagnostics_channel";

/** `sockwright:serve:error` — a handler of `serve()` failed: `{ error, address }`; when its `onError` failed, `hook` is set. */
export const serveError = channel("sockwright:serve:error");

/** `sockwright:accept:error` — `serve()` or an iteration could not accept: `{ error, action }`. */
export const acceptError = channel("sockwright:accept:error");

/** `sockwright:socket:spurious` — a socket was reported ready 16 times with nothing to read: `{ family, type, syscall }`. */
export const spuriousReadiness = channel("sockwright:socket:spurious");

/** `sockwright:socket:lost` — a socket was garbage-collected without `close()`: `{ descriptor }`. */
export const socketLost = channel("sockwright:socket:lost");
