import { isatty } from "node:tty";
import { StandardInput } from "./standard-input.ts";
import { StandardOutput } from "./standard-output.ts";

/** The input of a command. */
export type Input = Pick<StandardInput, "chunks" | "close"> & Partial<Pick<StandardInput, "file">>;

/** The output of a command. */
export type Output = Pick<StandardOutput, "write" | "end">;

/** A terminal at both ends, for a command that has a line edited and draws on the screen. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** The standard streams of a command: those of the process, or of a test. */
export interface StandardStreams {
  readonly input: Input;
  readonly output: Output;
  readonly errors: Pick<Output, "write">;
  /** Where input and output are a terminal that can move its cursor; used in their place, and not beside them. */
  readonly terminal?: TerminalStreams | undefined;
}

/** Each is opened by whoever uses it first: a pipe that is opened leaves its number, and a command may not use it at all. */
class ProcessStreams implements StandardStreams {
  readonly input = new StandardInput();
  #output: Output | undefined;
  #errors: Output | undefined;

  get output(): Output {
    this.#output ??= new StandardOutput(1);
    return this.#output;
  }

  get errors(): Output {
    this.#errors ??= new StandardOutput(2);
    return this.#errors;
  }

  get terminal(): TerminalStreams | undefined {
    if (!isatty(0) || !isatty(1) || process.env["TERM"] === "dumb") return undefined;
    return { input: process.stdin, output: process.stdout };
  }
}

/** The streams of the process; one of each, so that writes do not interleave. */
export const processStreams: StandardStreams = new ProcessStreams();
