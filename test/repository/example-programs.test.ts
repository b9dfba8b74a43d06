// The table of programs in examples/README.md: it has all of examples/, and its commands work, on addresses of the tests' own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { below, codeIn, read, root, tables } from "./pages.ts";

const [[, ...rows] = []] = tables(read("examples/README.md"));
const commands = rows.map(([, start = "", talk = ""]) => ({
  start: codeIn(start)[0] ?? "",
  talk: codeIn(talk)[0] ?? "",
}));

/** Told by their own issue, and not by the tutorials. */
const files = below("examples").filter((file) => !file.startsWith("examples/first-program"));

test("the table has every program", () => {
  const programs = files.flatMap(
    (file) => /node (dist\/examples\/[\w-]+\.js)/.exec(read(file).split("\n")[0] ?? "")?.[1] ?? [],
  );
  expect(programs.length).toBeGreaterThan(10);
  const told = commands.flatMap(({ start, talk }) => [start, talk]).join("\n");
  expect(programs.filter((program) => !told.includes(program))).toEqual([]);
});

test.for(commands.map(({ start, talk }) => [start, talk] as const))("%s, and %s", async ([start, talk], context) => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const isUnix = /unix|command/.test(start);
  const asked = isUnix ? join(folder, "socket") : "127.0.0.1:0";
  const [, ...serverArgs] = start.includes("8080") ? words(start.replace("8080", "0")) : [...words(start), asked];
  const server = await startChild(process.execPath, serverArgs.map(inRoot), { cwd: folder });
  await server.line(/./);
  const address = isUnix ? asked : await addressOf(server);
  await expectAnswer(talk, address, context);
  server.kill("SIGINT");
  expect(await server.exit()).toEqual({ code: 0, signal: null });
  expect(server.stderr).not.toMatch(/^ +at /m);
});

async function expectAnswer(talk: string, address: string, context: TestContext): Promise<void> {
  const [program = "", ...args] = words(talk);
  const port = address.replace(/.*:/, "");
  if (program === "curl") {
    const response = await fetch((args[0] ?? "").replace(/80[08]0/, port), { headers: { Connection: "close" } });
    expect(await response.text()).toContain("Welcome");
    return;
  }
  const isNode = program === "node";
  const client = isNode
    ? await startChild(process.execPath, [...args, address].map(inRoot))
    : await startChild(requireTool(context, "nc"), ["-N", ...args.map((word) => word.replace("8000", port))]);
  client.stdin.end();
  expect(await client.exit()).toEqual({ code: 0, signal: null });
  expect(client.stdout + client.stderr).not.toBe("");
}

/** The words of a command, as a shell takes them. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

function inRoot(word: string): string {
  return /^dist\/|^README/.test(word) ? join(root, word) : word;
}

/** What the server says on standard error when it was given an address; the web server says it with its first line. */
async function addressOf(server: Child): Promise<string> {
  const said = /localhost:(\d+)/.exec(server.stdout);
  if (said !== null) return `127.0.0.1:${said[1]}`;
  for (;;) {
    const [, address] = /listening on \w+:\/\/(\S+)\n/.exec(server.stderr) ?? [];
    if (address !== undefined) return address;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
