import { constants, readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Whether the descriptor has O_NONBLOCK already: whoever shares it wants it so; proc(5), fdinfo. */
export function isNonBlocking(descriptor: number): boolean {
  let info: string;
  try {
    info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1");
  } catch {
    // Without /proc: shells, and most programs, share descriptors that block.
    return false;
  }
  const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(info) ?? [];
  return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
}

/** Who shares a descriptor that could not be opened a second time finds it as it was; Node has no public way for that. */
export function makeBlocking(stream: Socket): void {
  const handle: unknown = Reflect.get(stream, "_handle");
  if (typeof handle !== "object" || handle === null || !("setBlocking" in handle)) return;
  if (typeof handle.setBlocking === "function") handle.setBlocking(true);
}
