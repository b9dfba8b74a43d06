// The programs of the tutorials, in both languages: dist/examples/NAME.js, and test/tools/tutorials/NAME.py, which does the
// same with Python's socket module alone. Both take HOST:PORT, and print their address on standard error.
import { fileURLToPath } from "node:url";
import { expect, type TestContext } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { isSoak } from "../support/soak.ts";
import { requireTool } from "../support/tools.ts";

export type Language = "TypeScript" | "Python";

/** The pairs of server and client: both from the examples, or the original as either side. */
export const pairs: readonly (readonly [server: Language, client: Language])[] = [
  ["TypeScript", "TypeScript"],
  ["TypeScript", "Python"],
  ["Python", "TypeScript"],
  // A conversation of the two originals checks the expected texts.
  ...(isSoak ? ([["Python", "Python"]] as const) : []),
];

/** The examples that print the tutorials' Chinese, as the originals do, only with `--lang zh`. */
const BILINGUAL: ReadonlySet<string> = new Set([
  ...["session-server", "greeting-server", "greeting-client", "one-shot-server", "report-server", "socketserver-echo"],
  ...["sticky-client", "framed-client", "web-server", "page-server"],
]);

/** A listening server, on a port that the kernel chose. */
export interface Server {
  readonly child: Child;
  readonly port: number;
  /** Waits until standard error matches. */
  stderr(pattern: RegExp): Promise<RegExpExecArray>;
}

/** The path of a compiled example. */
export function program(name: string): string {
  return fileOf(`../../dist/examples/${name}.js`);
}

export function commandOf(context: TestContext, language: Language, name: string): readonly [string, ...string[]] {
  return language === "Python"
    ? [requireTool(context, "python3"), "-B", "-u", "-X", "utf8", fileOf(`../tools/tutorials/${name}.py`)]
    : [process.execPath, program(name), ...(BILINGUAL.has(name) ? ["--lang", "zh"] : [])];
}

export function startProgram(
  context: TestContext,
  language: Language,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Child> {
  const [program, ...words] = commandOf(context, language, name);
  return startChild(program, [...words, ...args], { env: { ...process.env, ...env } });
}

export async function startServer(
  context: TestContext,
  language: Language,
  name: string,
  env?: NodeJS.ProcessEnv,
  port = 0,
): Promise<Server> {
  const child = await startProgram(context, language, name, [`127.0.0.1:${port}`], env);
  const [, real] = await stderr(child, /^listening on (?:tcp|udp):\/\/127\.0\.0\.1:(\d+)$/m);
  return { child, port: Number(real), stderr: (pattern) => stderr(child, pattern) };
}

async function stderr(child: Child, pattern: RegExp): Promise<RegExpExecArray> {
  await expect.poll(() => child.stderr, { interval: 5 }).toMatch(pattern);
  return pattern.exec(child.stderr) ?? expect.unreachable();
}

/** Runs a client until it ends, and returns the lines that it printed. */
export async function runClient(
  context: TestContext,
  language: Language,
  name: string,
  port: number,
): Promise<readonly string[]> {
  const client = await startProgram(context, language, name, [`127.0.0.1:${port}`]);
  expect([await client.exit(), client.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  return lines(client);
}

/** The output so far, with every client port replaced by PORT. */
export function lines({ stdout }: Child): readonly string[] {
  return stdout
    .replaceAll(/(127\.0\.0\.1):\d+/g, "$1:PORT")
    .split("\n")
    .slice(0, -1);
}

/** The client ports in the output so far, each once. */
export function ports({ stdout }: Child): readonly string[] {
  return [...new Set([...stdout.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port = ""]) => port))];
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
