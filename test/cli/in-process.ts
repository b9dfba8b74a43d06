// Runs `sockwright` in the process of the test. Tests of arguments need no separate process.
import { run } from "../../src/cli/program.ts";

/** The exit code of a command, and all its output. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command until it ends. Its standard input is the given text, then end of file. */
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
