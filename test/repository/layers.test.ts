// The arrows of ARCHITECTURE.md are checked by dependency-cruiser: here, that it would notice one that points up.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise } from "dependency-cruiser";
import { expect, onTestFinished, test } from "vitest";

const { forbidden, options } = createRequire(import.meta.url)("../../.dependency-cruiser.cjs");

/** Lays out the files, and gives the names of the rules that they break. */
async function brokenRules(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-layers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const { output } = await cruise(["."], { ...options, baseDir: folder, validate: true, ruleSet: { forbidden } });
  if (typeof output === "string") throw new Error(output);
  return output.summary.violations.map(({ rule }) => rule.name);
}

const thing = "export const thing = 1;\n";

function importing(path: string): string {
  return `import { thing } from "${path}";\nexport const user = thing;\n`;
}

test.for([
  ["native", "socket"],
  ["socket", "codec"],
  ["socket", "server"],
  ["codec", "server"],
  ["server", "http"],
  ["http", "services"],
  ["services", "supervisor"],
  ["supervisor", "cli"],
  ["http", "socketserver"],
  ["cli", "testing"],
  ["testing", "services"],
])("src/%s/ may not import src/%s/", async ([lower, upper]) => {
  const files = { [`src/${lower}/a.ts`]: importing(`../${upper}/b.ts`), [`src/${upper}/b.ts`]: thing };
  expect(await brokenRules(files)).toEqual([`${lower}-imports-downward`]);
});

test.for([
  ["socket", "native"],
  ["server", "codec"],
  ["cli", "services"],
  ["testing", "native"],
])("src/%s/ may import src/%s/", async ([upper, lower]) => {
  const files = { [`src/${upper}/a.ts`]: importing(`../${lower}/b.ts`), [`src/${lower}/b.ts`]: thing };
  expect(await brokenRules(files)).toEqual([]);
});

test.for(["codec", "server", "cli", "testing"])(
  "src/%s/ may import the entry files of src/socket/, and nothing else of it",
  async (user) => {
    const at = (file: string): Record<string, string> => ({
      [`src/${user}/a.ts`]: importing(`../socket/${file}`),
      [`src/socket/${file}`]: thing,
    });
    expect(await brokenRules(at("values.ts"))).toEqual([]);
    expect(await brokenRules(at("internal.ts"))).toEqual([]);
    expect(await brokenRules(at("argument.ts"))).toEqual(["socket-has-two-entry-files"]);
  },
);

test("the entry for users may import each file of src/socket/", async () => {
  const files = { "src/index.ts": importing("./socket/create.ts"), "src/socket/create.ts": thing };
  expect(await brokenRules(files)).toEqual([]);
});

test("inside src/server/, too, arrows point down, also those of types", async () => {
  const files = {
    "src/server/url/a.ts": 'import type { Thing } from "../connection/b.ts";\nexport type User = Thing;\n',
    "src/server/connection/b.ts": "export type Thing = 1;\n",
  };
  expect(await brokenRules(files)).toEqual(["server-url-imports-downward"]);
});

test("a cycle is refused", async () => {
  const files = { "src/socket/a.ts": importing("./b.ts"), "src/socket/b.ts": `${importing("./a.ts")}${thing}` };
  expect(await brokenRules(files)).toEqual(["no-cycles"]);
});

test("a part may name the type of what it is a part of", async () => {
  const files = {
    "src/socket/whole.ts": importing("./part.ts"),
    "src/socket/part.ts": `import type { user } from "./whole.ts";\nexport type Whole = typeof user;\n${thing}`,
  };
  expect(await brokenRules(files)).toEqual([]);
});

test("a folder without a level is refused", async () => {
  const files = { "src/misc/a.ts": importing("../native/b.ts"), "src/native/b.ts": thing };
  expect(await brokenRules(files)).toEqual(["every-folder-has-a-level"]);
});

test("what is shipped may not import a test", async () => {
  const files = { "src/socket/a.ts": importing("../../test/b.ts"), "test/b.ts": thing };
  expect(await brokenRules(files)).toEqual(["source-stands-alone"]);
});

test("a file inside may not import the package's entry", async () => {
  const files = { "src/socket/a.ts": importing("../index.ts"), "src/index.ts": thing };
  expect(await brokenRules(files)).toEqual(["entries-are-not-imported-inside"]);
});

test("an example may not reach into the source", async () => {
  const files = { "examples/a.ts": importing("../src/index.ts"), "src/index.ts": thing };
  expect(await brokenRules(files)).toEqual(["examples-import-the-package"]);
});

test("an import that leads nowhere is refused", async () => {
  expect(await brokenRules({ "src/socket/a.ts": importing("./nowhere.ts") })).toEqual(["everything-resolves"]);
});
