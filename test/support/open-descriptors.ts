import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { onTestFinished } from "vitest";

/** Returns the number of open descriptors of this process. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Returns the flags of an open descriptor, as open(2) has them: proc_pid_fdinfo(5). */
export function flagsOf(descriptor: number): number {
  const [, octal = ""] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")) ?? [];
  return Number.parseInt(octal, 8);
}

/** Opens a file, and closes its descriptor when the test ends. */
export function openFile(path: string, flags = "r"): number {
  const file = openSync(path, flags);
  onTestFinished(() => closeSync(file));
  return file;
}
