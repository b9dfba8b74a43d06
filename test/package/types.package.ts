// A program in TypeScript, compiled against the declarations of the package by the oldest compiler and with the oldest
// types of Node that README.md names.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { oldestNode } from "../../scripts/node-versions.mjs";
import { read, readme } from "../repository/pages.ts";
import { Project } from "./project.ts";

const OLDEST_TYPESCRIPT = "5.7";

const USER = `
import { AF_INET, SOCK_DGRAM, type Socket, socket, SocketError } from "sockwright";
import { type Codec, lines } from "sockwright/codec";
import { type Connection, connect, type Server, serve } from "sockwright/server";
import { greet } from "sockwright/services/greet";
import { type ManualClock, manualClock, memoryPair } from "sockwright/testing";

const codec: Codec<string> = lines();
const server: Server = await serve("tcp://127.0.0.1:0", async (connection: Connection) => {
  for await (const line of connection.frames(codec)) connection.write(\`Hello, \${line}!\\n\`);
});
const greeter: Server = await serve(["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], greet());
await using client = await connect(server.urls[0] ?? "");
export const data: Buffer | null | undefined = await client.read();
const datagrams = socket(AF_INET, SOCK_DGRAM);
for await (const [bytes, address] of datagrams) console.log(bytes.toString("hex"), address);
export const stream: Socket = socket();
export const received: Buffer = await stream.recv(1_024);
export const clock: ManualClock = manualClock();
export const pair = await memoryPair();
export const failed = (error: unknown): string => (error instanceof SocketError ? error.code : "");
await greeter.close();
// @ts-expect-error: the declarations are read, and none of them is \`any\`.
export const wrong: number = stream.getsockname();
`;

let project: Project;
beforeAll(() => {
  project = new Project([process.execPath]);
  project.install(inject("tarball"), `typescript@~${OLDEST_TYPESCRIPT}.0`, `@types/node@${oldestNode}.0`);
  project.write("user.ts", USER);
});
afterAll(() => project.remove());

/** What the compiler says of a file: nothing is well. */
function complaints(file: string, settings: string): string {
  const compiler = join(project.folder, "node_modules/.bin/tsc");
  const always = "--noEmit --strict --target es2022 --lib es2022,esnext.disposable --types node --skipLibCheck false";
  return project.run(compiler, [...`${always} ${settings}`.split(" "), file]).stdout;
}

test.each(["--module nodenext", "--module esnext --moduleResolution bundler"])("%s", (settings) => {
  expect(complaints("user.ts", settings)).toBe("");
});

// TypeScript takes a .ts file for CommonJS where package.json has no "type": "module".
test.each(["node16", "nodenext"])("a project of CommonJS, --module %s", (module) => {
  const common = 'import { socket } from "sockwright";\nsocket().close();\n';
  const dynamic =
    'export async function main() {\n  const { socket } = await import("sockwright");\n  socket().close();\n}\n';
  const manifest = readFileSync(join(project.folder, "package.json"), "utf8");
  project.write("package.json", manifest.replace(/,?\s*"type":\s*"module"/, ""));
  try {
    project.write("common.ts", common);
    expect(complaints("common.ts", `--module ${module}`)).toContain("error TS1479");
    project.write("module.mts", common);
    expect(complaints("module.mts", `--module ${module}`)).toBe("");
    project.write("dynamic.ts", dynamic);
    expect(complaints("dynamic.ts", `--module ${module}`)).toBe("");
  } finally {
    project.write("package.json", manifest);
  }
});

test("these are the versions that README.md and package.json name", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(engines).toEqual({ node: `>=${oldestNode}` });
  for (const page of Object.values(readme)) {
    expect(read(page)).toMatch(new RegExp(`TypeScript ${OLDEST_TYPESCRIPT.replace(".", "\\.")}\\b`));
    expect(read(page)).toMatch(new RegExp(`@types/node\`? ${oldestNode.replace(".", "\\.")}\\b`));
  }
});
