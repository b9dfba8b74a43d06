// A user's project: an empty folder, into which packages are installed without any compiler in PATH.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** The test removes it. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "sockwright-project-"));
  /** The only folder of the PATH: it contains node, npm and sh, and nothing else. */
  readonly programs = join(this.folder, "bin");

  /** @param node - the command that runs Node: a program and its first arguments. */
  constructor(node: readonly string[]) {
    const npm = process.env["npm_execpath"];
    if (npm === undefined) throw new Error("npm says where it is: run this through `npm run test:package`");
    mkdirSync(this.programs);
    symlinkSync("/bin/sh", join(this.programs, "sh"));
    this.#script("node", node);
    // The work of npm is the same on each machine, and takes minutes in an emulator.
    this.#script("npm", node.length === 1 ? [...node, npm] : [process.execPath, npm]);
    this.write("package.json", '{ "name": "project", "private": true, "type": "module" }');
  }

  /** The `node` of this project, for a program that is started without its PATH. */
  get node(): string {
    return join(this.programs, "node");
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Outcome {
    const { stdout, stderr, status, error } = spawnSync(program, args, {
      encoding: "utf8",
      cwd: this.folder,
      env: { PATH: this.programs, HOME: process.env["HOME"], ...environment },
    });
    if (error) throw error;
    return { stdout, stderr, status };
  }

  install(...packages: readonly string[]): void {
    // Installing from a file needs no network if the package has no dependencies.
    const source = packages.every((name) => name.endsWith(".tgz")) ? "--offline" : "--prefer-offline";
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", source, ...packages];
    const { stdout, stderr, status } = this.run("npm", args);
    if (status !== 0) throw new Error(`npm install failed\n${stdout}${stderr}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #script(name: string, command: readonly string[]): void {
    const file = this.write(`bin/${name}`, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(" ")} "$@"\n`);
    chmodSync(file, 0o755);
  }
}
