// Runs `sockwright` as a user does: the built program, in a process of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { type Child, startChild } from "../support/child.ts";

export const program = fileURLToPath(new URL("../../dist/cli/sockwright.js", import.meta.url));

export function start(...args: readonly string[]): Promise<Child> {
  return startChild(process.execPath, [program, ...args]);
}

/** For tests with pipes, files and closed descriptors: a shell command in which `sockwright` is the program. */
export function startInShell(script: string, ...args: readonly string[]): Promise<Child> {
  // `sockwright` is not a shell function: that would add a process that holds the descriptors open.
  const command = `"${process.execPath}" "${program}"`;
  return startChild("bash", ["-c", script.replaceAll(/\bsockwright(?= )/g, command), "bash", ...args]);
}

/** Stops a server by a signal, and returns what it has printed. */
export async function stopped(child: Child): Promise<string> {
  child.kill("SIGINT");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  return child.stdout;
}

/** A listener that is ready, with its URL; its standard error is merged into its standard output. */
export async function startListener(...args: readonly string[]): Promise<{ child: Child; url: string }> {
  const child = await startInShell('exec 2>&1; sockwright "$@"', "listen", ...args);
  const [, url = ""] = await child.line(/^listening on (.+)$/);
  return { child, url };
}

export function freeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
