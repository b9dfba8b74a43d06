// `sockwright chat` in the process of the test. The test holds the other ends of its standard streams.
import { onTestFinished } from "vitest";
import { run } from "../../src/cli/program.ts";
import { WakeUp } from "../../src/cli/wake-up.ts";
import { until } from "../support/until.ts";

/** A running command. The test writes and reads its lines. */
export class RunningChat {
  readonly #input: Uint8Array[] = [];
  readonly #changed = new WakeUp();
  #isEnded = false;
  stdout = "";
  stderr = "";
  readonly exitCode: Promise<number>;

  constructor(...args: readonly string[]) {
    const write = (name: "stdout" | "stderr") => ({
      write: async (bytes: Uint8Array): Promise<void> => {
        this[name] += Buffer.from(bytes).toString();
      },
      end: async (): Promise<void> => undefined,
    });
    const input = { chunks: () => this.#chunks(), close: () => this.end() };
    this.exitCode = run(["chat", ...args], { input, output: write("stdout"), errors: write("stderr") });
    onTestFinished(async () => {
      this.end();
      await this.exitCode;
    });
  }

  say(...lines: readonly (string | Uint8Array)[]): void {
    for (const line of lines) this.#input.push(typeof line === "string" ? Buffer.from(`${line}\n`) : line);
    this.#changed.notify();
  }

  end(): void {
    this.#isEnded = true;
    this.#changed.notify();
  }

  async prints(text: string): Promise<void> {
    await until(() => this.stdout.includes(text), `${JSON.stringify(text)} in ${JSON.stringify(this.stdout)}`);
  }

  async tells(text: string): Promise<void> {
    await until(() => this.stderr.includes(text), `${JSON.stringify(text)} in ${JSON.stringify(this.stderr)}`);
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const chunk = this.#input.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#isEnded) return;
      else await this.#changed.next();
    }
  }
}
