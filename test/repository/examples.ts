// Compiles blocks of code as a user would who has installed the package, and runs them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { CodeBlock } from "./code-blocks.ts";

export interface Printed {
  /** Of the block, from 1. */
  readonly line: number;
  readonly text: string;
}

/** What came of a block: what the compiler said, what it printed, and what went wrong. */
export interface Outcome {
  readonly complaints: readonly string[];
  readonly printed: readonly Printed[];
  readonly problems: readonly string[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const runner = fileURLToPath(new URL("./run-examples.mjs", import.meta.url));
/** How long an example may take before it counts as one that never ends. */
const PATIENCE_MS = 20_000;

/** A folder in which the package is installed under its own name. Its user removes it. */
export class Workshop {
  readonly folder: string;

  /** @param folder - one that there is; without it one is made, and has the package as built in dist/. */
  constructor(folder = withBuiltPackage()) {
    this.folder = folder;
  }

  /** Checks the blocks' types and writes their programs, `0.js` and so on; gives the compiler's complaints for each. */
  compile(blocks: readonly CodeBlock[]): string[][] {
    const sources = blocks.map((_, index) => join(this.folder, `${index}.ts`));
    for (const [index, { code }] of blocks.entries()) writeFileSync(join(this.folder, `${index}.ts`), code);
    const program = ts.createProgram(sources, this.#options(), sharingHost(this.#options()));
    program.emit();
    const diagnostics = ts.getPreEmitDiagnostics(program);
    const elsewhere = diagnostics.filter(({ file }) => file === undefined || !sources.includes(file.fileName));
    if (elsewhere.length > 0) throw new Error(elsewhere.map((one) => textOf(one, 1)).join("\n"));
    return blocks.map(({ line }, index) =>
      diagnostics.filter(({ file }) => file?.fileName === sources[index]).map((one) => textOf(one, line)),
    );
  }

  /** Compiles and runs the blocks, all in one process, which ends with the first block that does not. */
  run(blocks: readonly CodeBlock[], patienceMs = PATIENCE_MS): Outcome[] {
    const complaints = this.compile(blocks);
    const programs = blocks.map((_, index) => join(this.folder, `${index}.js`));
    const args = ["--enable-source-maps", runner, `${patienceMs}`, ...programs];
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const lines = stdout.split("\n").filter((line) => line !== "");
    return blocks.map((_, index) => {
      const line = lines[index];
      const ran: Pick<Outcome, "printed" | "problems"> =
        line === undefined
          ? { printed: [], problems: [`not run, since the process ended with ${signal ?? status}. ${stderr}`] }
          : JSON.parse(line);
      return { complaints: complaints[index] ?? [], printed: ran.printed, problems: ran.problems };
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #options(): ts.CompilerOptions {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    return {
      ...options,
      // The package is what a user gets, and not the source.
      paths: {},
      typeRoots: [join(root, "node_modules/@types")],
      rootDir: this.folder,
      allowJs: false,
      checkJs: false,
      noUnusedLocals: true,
      noEmit: false,
      inlineSourceMap: true,
    };
  }
}

function withBuiltPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-docs-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/sockwright"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

/** What the lines of a block say that they print: `console.log(…); // => text`. */
export function expectedOutput({ code }: CodeBlock): Printed[] {
  return code.split("\n").flatMap((line, index) => {
    const [, text] = /\bconsole\.log\(.*\);? \/\/ => (.*)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ line: index + 1, text }];
  });
}

const shared = new Map<string, ts.SourceFile | undefined>();

/** A compiler host that reads what all programs have in common, libraries and declarations, once. */
function sharingHost(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    if (!name.endsWith(".d.ts")) return readSource(name, ...rest);
    if (!shared.has(name)) shared.set(name, readSource(name, ...rest));
    return shared.get(name);
  };
  return host;
}

function textOf({ file, start = 0, messageText }: ts.Diagnostic, firstLine: number): string {
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  return file === undefined ? text : `line ${firstLine + file.getLineAndCharacterOfPosition(start).line}: ${text}`;
}
