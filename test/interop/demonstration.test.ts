// `sockwright up` without a file: the test types each line of its table, and Chromium opens its pages.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { freeFolder, program } from "../cli/sockwright.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf, violationsOf } from "../support/browser.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { until } from "../support/until.ts";

const FOLDER = process.env["SOCKWRIGHT_SCREENSHOTS"];

interface Row {
  readonly service: string;
  readonly address: string;
  readonly command: string;
}

interface Running {
  readonly child: Child;
  readonly rows: readonly Row[];
  /** The folder in which the demonstration makes its own folder. */
  readonly folder: string;
}

/** Starts the demonstration in an empty folder; it runs until the test ends. */
async function running(...args: readonly string[]): Promise<Running> {
  const folder = freeFolder();
  const env = { ...process.env, TMPDIR: folder };
  const child = await startChild(process.execPath, [program, "up", ...args], { cwd: folder, env });
  await child.line(/^Stop with Ctrl-C\.$/);
  const lines = child.stdout.split("\n");
  const begin = lines.findIndex((line) => line.startsWith("SERVICE"));
  // Notes about ports that are in use follow the table.
  const end = lines.findIndex((line, at) => at > begin && !/^(greet|chat|site|status) /.test(line));
  const rows = lines.slice(begin + 1, end).map((line) => {
    const [service = "", address = "", command = ""] = line.split(/ {2,}/);
    return { service, address, command };
  });
  return { child, rows, folder };
}

/** The text to type into a command of the table, and what the command then prints. */
function conversationOf({ service, address }: Row): readonly [typed: string, shown: RegExp][] {
  if (address.startsWith("http:")) return [];
  if (service === "greet") return [["Rose\n", /Hello, Rose!?/]];
  return [
    ["rose\n", /-- You are rose in lobby, alone\./],
    ["hello\n/quit\n", /<rose> hello[\s\S]*-- Bye\./],
  ];
}

test("each command of the table gives an answer", async (context) => {
  requireTool(context, "nc");
  requireTool(context, "curl");
  const { child, rows } = await running();
  const services = [...new Set(rows.map(({ service }) => service))];
  expect(services).toEqual(["greet", "chat", "site", "status"]);
  for (const row of rows) {
    const shell = await startChild("sh", ["-c", row.command]);
    const conversation = conversationOf(row);
    for (const [typed, shown] of conversation) {
      shell.stdin.write(typed);
      await until(() => shown.test(shell.stdout), `${typed} to be answered by ${row.command}`);
    }
    if (conversation.length > 0) continue;
    expect(await shell.exit()).toEqual({ code: 0, signal: null });
    expect(shell.stdout).toContain("<!DOCTYPE html>");
  }
  const [, command = ""] = /^From another terminal: (node \S+ ctl status --socket \S+)$/m.exec(child.stdout) ?? [];
  const ctl = await startChild("sh", ["-c", command]);
  await ctl.line(/^chat {2,}running/);
  expect(await ctl.exit()).toEqual({ code: 0, signal: null });
  child.kill("SIGINT");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe("");
});

test("the demonstration replaces a port that is in use, and removes its folder at the end", async () => {
  const taken = createServer();
  // If another process already uses the port, the case is the same.
  await new Promise<void>((resolve) => {
    taken.once("error", () => resolve()).listen(8000, "127.0.0.1", resolve);
  });
  onTestFinished(() => new Promise<void>((resolve) => taken.close(() => resolve())));
  const { child, rows, folder } = await running("--demo");
  const [, port = ""] = /^note: port 8000 was taken, (\d+) instead$/m.exec(child.stdout) ?? [];
  expect(rows[0]?.address).toBe(`tcp://127.0.0.1:${port}`);
  expect(readdirSync(folder).length).toBe(1);
  child.kill();
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(readdirSync(folder)).toEqual([]);
});

describe("in Chromium", { timeout: BROWSER_TIMEOUT_MS }, () => {
  const openPage = browserOfFile();

  async function seen(context: TestContext, path: string, scheme: "light" | "dark"): Promise<Page> {
    const { rows } = await running();
    const home = rows.find(({ service, address }) => service === "site" && address.endsWith("/"))?.address ?? "";
    const page = await openPage(context, { colorScheme: scheme, bypassCSP: true });
    const complaints = complaintsOf(page);
    await page.goto(home);
    if (path !== "") await page.getByRole("link", { name: new RegExp(`${path}$`) }).click();
    await page.waitForLoadState();
    expect(await violationsOf(page)).toEqual([]);
    await shoot(page, `demonstration-${path.replaceAll("/", "") || "home"}-${scheme}`);
    expect(complaints).toEqual([]);
    return page;
  }

  test.for(["light", "dark"] as const)("the home page shows the table with links: %s", async (scheme, context) => {
    const page = await seen(context, "", scheme);
    expect(await page.locator("tbody tr").count()).toBe(7);
    expect(await page.getByRole("link").count()).toBe(4);
    const [, socket = ""] = /ctl --socket (\S+) status/.exec((await page.locator("main").textContent()) ?? "") ?? [];
    const ctl = await startChild(process.execPath, [program, "ctl", "--socket", socket, "status"]);
    await ctl.line(/^chat {2,}running/);
    await page.getByRole("link", { name: /\/go$/ }).click();
    await page.getByRole("heading", { name: "Welcome your visit!" }).waitFor();
  });

  test.for(["/chat/", "/status/"])("the home page leads to %s", async (path, context) => {
    const page = await seen(context, path, "light");
    expect(new URL(page.url()).pathname).toBe(path);
  });
});

// `SOCKWRIGHT_SCREENSHOTS=docs/pictures npx vitest run test/interop/demonstration.test.ts -t "picture of"` takes the pictures again.
describe("the pictures of README.md", { timeout: BROWSER_TIMEOUT_MS }, () => {
  const openPage = browserOfFile();
  const width = 960;
  const MAX_PICTURE_BYTES = 100 * 1024;
  /** One sample per second, when pictures are taken: enough for a line in the plots. */
  const SAMPLES = FOLDER === undefined ? 2 : 45;

  async function take(page: Page, name: string, height: number): Promise<void> {
    const picture = await page.screenshot({ clip: { x: 0, y: 0, width, height } });
    expect(picture.length).toBeLessThan(MAX_PICTURE_BYTES);
    expect(readFileSync(join("docs/pictures", `${name}.png`)).length).toBeLessThan(MAX_PICTURE_BYTES);
    if (FOLDER !== undefined) writeFileSync(join(FOLDER, `${name}.png`), picture);
  }

  test("a picture of the home page", async (context) => {
    const { rows } = await running();
    const page = await openPage(context, { viewport: { width, height: 720 } });
    await page.goto(addressOf(rows, "site"));
    await page.getByRole("heading").first().waitFor();
    await take(page, "home", 440);
  });

  test("a picture of the status page, with clients at work", async (context) => {
    const { rows } = await running();
    const page = await openPage(context, { viewport: { width, height: 720 } });
    const address = addressOf(rows, "status");
    await page.goto(address);
    const names = ["ada", "grace", "rose", "邹", "linus", "radia"];
    const clients = names.map((name) => {
      const client = connect(Number(new URL(addressOf(rows, "greet")).port), "127.0.0.1");
      onTestFinished(() => void client.destroy());
      return { name, client, answers: createInterface({ input: client })[Symbol.asyncIterator]() };
    });
    const events = await fetch(`${address}events`, { headers: { Accept: "text/event-stream" } });
    let samples = 0;
    for await (const chunk of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      samples += chunk.match(/^event: sample$/gm)?.length ?? 0;
      if (samples >= SAMPLES) break;
      const rounds = 20 + ((samples * 7) % 13);
      for (let round = 0; round < rounds; round++) {
        for (const { name, client, answers } of clients.slice(0, 2 + (round % 5))) {
          client.write(`${name}\n`);
          await answers.next();
        }
      }
    }
    await page.getByText("Live.").waitFor();
    await take(page, "status", 660);
  });
});

function addressOf(rows: readonly Row[], name: string): string {
  return rows.find(({ service }) => service === name)?.address ?? "";
}

/** Writes a picture if the environment variable names a folder. */
async function shoot(page: Page, name: string): Promise<void> {
  if (FOLDER === undefined) return;
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
}
