import { isatty } from "node:tty";
import { StandardInput } from "./standard-input.ts";
import { StandardOutput } from "./standard-output.ts";

/** What a command reads. */
export type Input = Pick<StandardInput, "chunks" | "close"> & Partial<Pick<StandardInput, "file">>;

/** Where a command prints. */
export type Output = Pick<StandardOutput, "write" | "end">;

/** A terminal at both ends, for a command that has a line edited and draws on the screen. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** What a command reads and where it prints: the streams of the process, or those of a test. */
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

/** Those of the process: one of each, since nobody may write between another's bytes. */
export const processStreams: StandardStreams = new ProcessStreams();
