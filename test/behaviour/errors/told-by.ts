// Errors that are provoked in a process of their own, where the machine is set up for them.
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../support/child.ts";
import { type ErrorShape, shapeOf } from "./node-shape.ts";

/** What one line of a program tells: the error of ours, and Node's. */
export interface Told {
  readonly ours: ErrorShape;
  readonly nodes: ErrorShape;
}

/** Where a program of this folder is. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
}

/** The next line that the program writes. */
export async function nextTold(child: Child): Promise<Told> {
  const [line] = await child.line(/^\{.*\}$/);
  const { ours, nodes }: { ours: object; nodes: object } = JSON.parse(line);
  return { ours: revived(ours), nodes: revived(nodes) };
}

function revived(properties: object): ErrorShape {
  return shapeOf(Object.assign(new Error(), properties));
}

/** Starts a program in a network namespace of its own, where `setUp` has been run in a shell. */
export function startInNamespace(unshare: string, setUp: string, program: string, ...args: string[]): Promise<Child> {
  const script = `set -e\n${setUp}\nexec "$@"`;
  const command = [process.execPath, programPath(program), ...args];
  return startChild(unshare, ["--net", "sh", "-c", script, "sh", ...command]);
}
