// `sockwright` in the process of the test: what it says of its arguments needs no process of its own.
import { run } from "../../src/cli/program.ts";

/** How a command ended, and all that it printed. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command until its end. Its standard input gives what is given here, and then ends. */
export async function runHere(args: readonly string[], input = ""): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const writerOf = (name: keyof typeof printed) => ({
    async write(bytes: Uint8Array): Promise<void> {
      printed[name] += Buffer.from(bytes).toString();
    },
    async end(): Promise<void> {},
  });
  const stdin = {
    async *chunks(): AsyncGenerator<Uint8Array, void> {
      if (input !== "") yield Buffer.from(input);
    },
    close: (): void => undefined,
  };
  const code = await run(args, { input: stdin, output: writerOf("stdout"), errors: writerOf("stderr") });
  return { code, ...printed };
}
