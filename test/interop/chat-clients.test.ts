// One room with every kind of client that people have: two browsers, two `nc`, a telnet and a terminal. Each sees the others' messages
// once, in one order, and who comes later by any of these doors gets the same history.
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, type TestContext, test } from "vitest";
import { PtyProgram } from "../cli/pty.ts";
import { freeFolder, program } from "../cli/sockwright.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile } from "../support/browser.ts";
import { startChild } from "../support/child.ts";
import { requirePeer } from "../support/peers.ts";
import { until } from "../support/until.ts";

const ROUNDS = 5;
/** What is said behind all others: what is shown twice has been shown twice by then. */
const LAST = "that was all";
/** As many as a newcomer gets. */
const HISTORY = 20;

const openPage = browserOfFile();

interface Member {
  say(text: string): Promise<void>;
  /** `NAME TEXT` of each message that it shows, of the room and of its history, once the last one is there. */
  shown(): Promise<readonly string[]>;
}

interface Room {
  readonly lines: URL;
  readonly page: string;
}

async function room(): Promise<Room> {
  const listeners = ["tcp://127.0.0.1:0", "http://127.0.0.1:0/chat/"].flatMap((url) => ["--listen", url]);
  const args = ["chat", ...listeners, "--history", join(freeFolder(), "chat.db")];
  const child = await startChild(process.execPath, [program, ...args]);
  const [, lines = ""] = await child.line(/listening on (tcp:.+)$/);
  const [, page = ""] = await child.line(/listening on (http:.+)$/);
  return { lines: new URL(lines.replace("tcp:", "http:")), page };
}

/** A program that shows lines as they come. */
async function netcat(context: TestContext, peer: "nc" | "telnet", { lines }: Room, name: string) {
  const child = await startChild(requirePeer(context, peer), [lines.hostname, lines.port]);
  await child.line(/What is your name\?\r?$/);
  child.stdin.write(`${name}\n`);
  await child.line(/^-- You are /);
  return {
    say: async (text: string) => void child.stdin.write(`${text}\n`),
    shown: () => messagesOf(() => child.stdout),
    child,
  };
}

function messagesIn(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.flatMap((line) => /^(?:\[[\d:]{8}\] )?<(\w+)> (.*?)\r?$/.exec(line)?.slice(1).join(" ") ?? []);
}

async function messagesOf(text: () => string): Promise<readonly string[]> {
  await until(() => messagesIn(text()).at(-1)?.endsWith(LAST) === true, "the last message");
  return messagesIn(text());
}

async function terminal(context: TestContext, { page }: Room, name: string): Promise<Member> {
  requirePeer(context, "python3");
  const chat = await PtyProgram.start(["chat", "--join", page, "--name", name], { rows: 100, columns: 100 });
  await until(() => chat.look().includes("-- You are "), `${name} to be in the room`);
  return {
    say: async (text) => chat.type(`${text}\r`),
    shown: () => messagesOf(() => chat.look()),
  };
}

async function browser(context: TestContext, { page: url }: Room, name: string): Promise<Member> {
  const page = await openPage(context);
  await page.goto(url);
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
  const box = page.getByRole("textbox", { name: "Message", exact: true });
  return {
    say: async (text) => {
      await box.fill(text);
      await box.press("Enter");
    },
    shown: () => shownIn(page),
  };
}

async function shownIn(page: Page): Promise<readonly string[]> {
  const log = page.getByRole("log");
  await log.getByText(LAST, { exact: true }).waitFor();
  const [names, texts] = await Promise.all(
    [".from", ".text"].map((part) => log.locator(`.message ${part}`).allTextContents()),
  );
  return (texts ?? []).map((text, at) => `${names?.[at]?.replace(/: $/, "")} ${text}`);
}

describe("two browsers, two nc, a telnet and a terminal", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("see each message once, in one order, and newcomers get the same history", async (context) => {
    const chat = await room();
    const carl = await netcat(context, "nc", chat, "carl");
    const members = new Map<string, Member>([
      ["anna", await browser(context, chat, "anna")],
      ["bert", await browser(context, chat, "bert")],
      ["carl", carl],
      ["dora", await netcat(context, "nc", chat, "dora")],
      ["emil", await netcat(context, "telnet", chat, "emil")],
      ["fritz", await terminal(context, chat, "fritz")],
    ]);
    const said: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      // All at once, and the next round before the others have heard of it.
      const saying = [...members].map(([name, member]) => {
        said.push(`${name} round ${round}`);
        return member.say(`round ${round}`);
      });
      await Promise.all(saying);
    }
    await until(() => messagesIn(carl.child.stdout).length >= said.length, "all messages");
    await carl.say(LAST);
    const order = await carl.shown();
    expect([...order].sort()).toEqual([...said, `carl ${LAST}`].sort());
    for (const [name, member] of members) expect([name, await member.shown()]).toEqual([name, order]);

    const newcomers: readonly [string, Member][] = [
      ["gerd", await browser(context, chat, "gerd")],
      ["hans", await netcat(context, "nc", chat, "hans")],
      ["inge", await netcat(context, "telnet", chat, "inge")],
      ["jens", await terminal(context, chat, "jens")],
    ];
    for (const [name, member] of newcomers) expect([name, await member.shown()]).toEqual([name, order.slice(-HISTORY)]);
  });
});
