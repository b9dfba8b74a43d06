import { type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { patienceMs } from "./patience.ts";

/** Also if a test has replaced the timers. */
const { setTimeout: realTimeout, clearTimeout: clearRealTimeout } = globalThis;

/** The end of a child. */
interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Reader {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
  readonly reject: (error: Error) => void;
}

/** A program that runs beside the test. The test that starts it owns it; it is killed when the test ends. */
export interface Child {
  readonly pid: number;
  readonly stdin: Writable;
  /** All output so far, of standard output and of standard error. */
  readonly stdout: string;
  readonly stderr: string;
  /**
   * Returns the next line of standard output that matches. Lines before it are passed over, and no line is returned twice.
   * Rejects when the output ends without such a line, and after most of the time limit of the test.
   */
  line(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  /** Resolves once the child has ended and its output has been read. Rejects after most of the time limit of the test. */
  exit(limitMs?: number): Promise<Exit>;
  kill(signal?: NodeJS.Signals): void;
}

/**
 * Starts a program for the running test.
 *
 * @example
 * const child = await startChild("python3", ["-u", "-c", "print('ready'); input()"]);
 * await child.line(/^ready$/);
 * child.stdin.end();
 * expect(await child.exit()).toEqual({ code: 0, signal: null });
 */
export async function startChild(
  program: string,
  args: readonly string[],
  options: SpawnOptionsWithoutStdio = {},
): Promise<Child> {
  // A process group of its own, so that the children of the program are killed too.
  const process = spawn(program, args, { ...options, detached: true });
  const { pid } = process;
  if (pid === undefined) {
    const [error] = await once(process, "error");
    throw error;
  }
  const child = new RunningChild(process, pid, [program, ...args].join(" "));
  onTestFinished(() => child.end());
  return child;
}

class RunningChild implements Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #command: string;
  readonly #exit: Promise<Exit>;
  readonly #lines: string[] = [];
  readonly #readers: Reader[] = [];
  #outputEnded = false;
  #closed = false;
  readonly pid: number;
  stdout = "";
  stderr = "";

  constructor(process: ChildProcessWithoutNullStreams, pid: number, command: string) {
    this.#process = process;
    this.pid = pid;
    this.#command = command;
    this.#exit = new Promise((resolve) => {
      process.once("close", (code, signal) => {
        this.#closed = true;
        resolve({ code, signal });
      });
    });
    process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    // The program may end before it has read its input.
    process.stdin.on("error", () => undefined);
    createInterface({ input: process.stdout, crlfDelay: Number.POSITIVE_INFINITY })
      .on("line", (line) => {
        this.#lines.push(line);
        this.#serveReaders();
      })
      .once("close", () => {
        this.#outputEnded = true;
        this.#serveReaders();
      });
  }

  get stdin(): Writable {
    return this.#process.stdin;
  }

  line(pattern: RegExp, limitMs = patienceMs()): Promise<RegExpExecArray> {
    const line = new Promise<RegExpExecArray>((resolve, reject) => {
      this.#readers.push({ pattern, resolve, reject });
      this.#serveReaders();
    });
    return this.#inTime(line, `a line ${pattern}`, limitMs);
  }

  exit(limitMs = patienceMs()): Promise<Exit> {
    return this.#inTime(this.#exit, "its end", limitMs);
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.#process.kill(signal);
  }

  /** Kills the remaining processes, and waits until they are gone. */
  async end(): Promise<void> {
    // Once the child has closed, the group is empty, and its number may belong to others.
    if (!this.#closed) killGroup(this.pid);
    await this.#exit;
  }

  /** Awaits an event of the child; at the time limit, throws an error that names it and shows the output. */
  async #inTime<T>(awaited: Promise<T>, what: string, limitMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = realTimeout(() => {
        reject(new Error(`${this.#command}: waited ${limitMs / 1_000} s for ${what}\n${this.stdout}${this.stderr}`));
      }, limitMs);
    });
    try {
      return await Promise.race([awaited, late]);
    } finally {
      clearRealTimeout(timer);
    }
  }

  #serveReaders(): void {
    for (let reader = this.#readers[0]; reader !== undefined; reader = this.#readers[0]) {
      const match = this.#takeLine(reader.pattern);
      if (match === undefined && !this.#outputEnded) return;
      this.#readers.shift();
      if (match !== undefined) reader.resolve(match);
      else reader.reject(new Error(`${this.#command}: no line ${reader.pattern}\n${this.stdout}${this.stderr}`));
    }
  }

  #takeLine(pattern: RegExp): RegExpExecArray | undefined {
    for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
      const match = new RegExp(pattern).exec(line);
      if (match !== null) return match;
    }
    return undefined;
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    // kill(2): ESRCH, the group has ended by itself; its close event follows.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
