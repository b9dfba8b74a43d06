// @ts-check
import { cpus, release } from "node:os";

/** The kind of machine in one line; nothing that names this one. */
export function describeMachine() {
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  const kernel = release().split(".").slice(0, 2).join(".");
  return `${model}, ${cpus().length} cores, Linux ${kernel} ${process.arch}, Node ${process.version}`;
}
