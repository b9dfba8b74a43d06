// The package, installed without scripts and compilers into an empty project, runs the programs of README.md, on each version
// of Node and on arm64.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, type TestContext, test } from "vitest";
import { laterNodes, oldestNode, programsOf } from "../../scripts/node-versions.mjs";
import { codeBlocks } from "../repository/code-blocks.ts";
import { expectGreetings, portOfProgram, program } from "../repository/conversation.ts";
import { expectedOutput, Workshop } from "../repository/examples.ts";
import { isProgram } from "../repository/programs.ts";
import { startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { Project } from "./project.ts";

/** Node needs libc and libstdc++ of Debian's cross compiler. */
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
const PATIENCE_MS = 60_000;

const tarball = inject("tarball");
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const runner = fileURLToPath(new URL("../repository/run-examples.mjs", import.meta.url));
const blocks = codeBlocks("README.md").filter(({ language }) => language === "ts");
const examples = codeBlocks("docs/guides/your-first-server.md").filter(
  (block) => block.language === "ts" && !isProgram(block),
);

/** The folder in which the package is installed, and the command that runs its Node. */
interface Place {
  readonly name: string;
  /** The version that this Node prints. */
  readonly is: RegExp;
  /** The command that runs it. Skips the test if this machine has none. */
  readonly node: (context: TestContext) => readonly string[];
}

/** In a project with the Node that runs the tests: the programs of README.md, compiled against the installed package. */
const compiled: string[] = [];
let first: Project;
beforeAll(() => {
  first = new Project([process.execPath]);
  first.install(tarball);
  const programs = [...examples, program(blocks, "hello.ts")];
  expect(new Workshop(first.folder).compile(programs).flat()).toEqual([]);
  for (const index of programs.keys()) compiled.push(readFileSync(join(first.folder, `${index}.js`), "utf8"));
});
afterAll(() => first.remove());

const places: readonly Place[] = [
  ...[oldestNode, ...laterNodes].map((node) => ({
    name: `Node ${node} on ${process.arch}`,
    is: new RegExp(`^v${node.replace(".", "\\.")}\\..* ${process.arch}\n$`),
    node: () => [join(programsOf(node), "node")],
  })),
  {
    name: "Node 22 on arm64",
    is: /^v22\..* arm64\n$/,
    node: (context) => {
      requireTool(context, "compiler for arm64");
      const node = join(programsOf("22", "arm64"), "node");
      if (process.arch === "arm64") return [node];
      return [`/usr/bin/${requireTool(context, "qemu")}`, "-L", ARM64_LIBRARIES, node];
    },
  },
];

describe.each(places)("$name", ({ is, node }) => {
  let project: Project | undefined;
  afterAll(() => project?.remove());

  function installed(context: TestContext): Project {
    const command = node(context);
    if (project === undefined) {
      project = new Project(command);
      project.install(tarball);
      for (const [index, text] of compiled.entries()) project.write(`${index}.js`, text);
    }
    return project;
  }

  test("installs", (context) => {
    const own = installed(context);
    const { stdout } = own.run("node", ["--print", "process.version + ' ' + process.arch"]);
    expect(stdout).toMatch(is);
  });

  test("runs the examples of the first guide", (context) => {
    const own = installed(context);
    const programs = examples.map((_, index) => join(own.folder, `${index}.js`));
    const args = ["--enable-source-maps", runner, `${PATIENCE_MS}`, ...programs];
    const { stdout, stderr } = own.run("node", args);
    expect(stderr).toBe("");
    const reports = stdout.trimEnd().split("\n");
    expect(reports.map((line) => JSON.parse(line))).toEqual(
      examples.map((example) => expect.objectContaining({ printed: expectedOutput(example), problems: [] })),
    );
  });

  test("runs hello.ts of README.md", async (context) => {
    const own = installed(context);
    const server = await startChild(own.node, [join(own.folder, `${examples.length}.js`)]);
    await expectGreetings(await portOfProgram(server));
    expect(server.stderr).toBe("");
  });

  test.for([
    ["sockwright", "socketpair"],
    ["sockwright/server", "serve"],
    ["sockwright/codec", "lines"],
    ["sockwright/testing", "memoryPair"],
    ["sockwright/services/files", "files"],
    ["sockwright/services/greet", "greet"],
    ["sockwright/services/chat", "chat"],
    ["sockwright/services/relay", "relay"],
  ])('require("%s") of CommonJS has %s, and warns of nothing', ([entry, name], context) => {
    const own = installed(context);
    const file = own.write("required.cjs", `console.log(typeof require("${entry}").${name})`);
    expect(own.run("node", [file])).toEqual({ stdout: "function\n", stderr: "", status: 0 });
  });

  test("the command exists under both its names", (context) => {
    const own = installed(context);
    for (const name of ["sockwright", "skw"]) {
      const command = join(own.folder, "node_modules/.bin", name);
      expect(own.run(command, ["--version"])).toEqual({ stdout: `${version}\n`, stderr: "", status: 0 });
    }
  });
});

describe("without its addons, the installed package", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project([process.execPath]);
    project.install(tarball);
    rmSync(join(project.folder, "node_modules/sockwright/prebuilds"), { recursive: true });
  });
  afterAll(() => project.remove());

  test.each(["codec", "server", "testing", "services/greet"])("has sockwright/%s", (entry) => {
    const file = project.write("entry.js", `import "sockwright/${entry}";`);
    expect(project.run("node", [file])).toEqual({ stdout: "", stderr: "", status: 0 });
  });

  test.each(["--version", "--help"])("has sockwright %s", (option) => {
    const { stdout, stderr, status } = project.run("node_modules/.bin/sockwright", [option]);
    expect([stdout === "", stderr, status]).toEqual([false, "", 0]);
  });

  test("names the command that builds them, and that command works", () => {
    const file = project.write(
      "pair.js",
      'import { socketpair } from "sockwright"; for (const s of socketpair()) s.close();',
    );
    const { stderr, status } = project.run("node", [file]);
    expect(status).toBe(1);
    const [, command = ""] = /Build it here: `([^`]+)`/.exec(stderr) ?? [];
    const folder = join(project.folder, "node_modules/sockwright");
    expect(command).toBe(`cd ${folder} && npx node-gyp rebuild -C native`);

    // With the node-gyp of npm, which npx would fetch, and a PATH that has compilers.
    const nodeGyp = process.env["npm_config_node_gyp"] ?? "";
    const headers = existsSync("/usr/include/node/node_api.h") ? { npm_config_nodedir: "/usr" } : {};
    const environment = { PATH: process.env["PATH"], ...headers };
    const built = project.run("sh", ["-c", command.replace("npx node-gyp", `node ${nodeGyp}`)], environment);
    expect(built).toMatchObject({ status: 0 });
    expect(project.run("node", [file])).toEqual({ stdout: "", stderr: "", status: 0 });
  });
});
