import { constants, readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Returns whether O_NONBLOCK is already set on the descriptor, because another process that shares it set it; proc(5), fdinfo. */
export function isNonBlocking(descriptor: number): boolean {
  let info: string;
  try {
    info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1");
  } catch {
    // There is no /proc: shells and most programs share blocking descriptors.
    return false;
  }
  const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(info) ?? [];
  return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
}

/** Clears O_NONBLOCK, so that processes that share the descriptor find it as it was. Node has no public API for this. */
export function makeBlocking(stream: Socket): void {
  const handle: unknown = Reflect.get(stream, "_handle");
  if (typeof handle !== "object" || handle === null || !("setBlocking" in handle)) return;
  if (typeof handle.setBlocking === "function") handle.setBlocking(true);
}
