// Errors that a test provokes in a separate process, in an environment prepared for them.
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "../../support/child.ts";
import { type ErrorShape, shapeOf } from "./node-shape.ts";

/** One line of a program's output: our error and Node's. */
export interface Told {
  readonly ours: ErrorShape;
  readonly nodes: ErrorShape;
}

/** The path of a program in this folder. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
}

/** Returns the errors of the next line that the program writes. */
export async function nextTold(child: Child): Promise<Told> {
  const [line] = await child.line(/^\{.*\}$/);
  const { ours, nodes }: { ours: object; nodes: object } = JSON.parse(line);
  return { ours: revived(ours), nodes: revived(nodes) };
}

function revived(properties: object): ErrorShape {
  return shapeOf(Object.assign(new Error(), properties));
}

/** Starts a program in its own network namespace, after `setUp` has run there in a shell. */
export function startInNamespace(unshare: string, setUp: string, program: string, ...args: string[]): Promise<Child> {
  const script = `set -e\n${setUp}\nexec "$@"`;
  const command = [process.execPath, programPath(program), ...args];
  return startChild(unshare, ["--net", "sh", "-c", script, "sh", ...command]);
}
