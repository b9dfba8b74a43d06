// One room with every kind of client: two browsers, two `nc`, a telnet and a terminal. Each shows the messages of the others
// once, in one order, and a client that joins later gets the same history.
import type { Page } from "playwright-core";
import { describe, expect, type TestContext, test } from "vitest";
import { BROWSER_TIMEOUT_MS, browserOfFile } from "../support/browser.ts";
import { until } from "../support/until.ts";
import { browser, netcat, type Room, room, sayOn, terminal } from "./chat-endpoints.ts";

const ROUNDS = 5;
/** The last message: when it is shown, any duplicate of an earlier one has been shown too. */
const LAST = "that was all";
/** As many messages as a new member gets. */
const HISTORY = 20;

const openPage = browserOfFile();

interface Member {
  say(text: string): Promise<void>;
  /** Returns `NAME TEXT` of each message that the client shows, from the room and its history, once the last one is shown. */
  shown(): Promise<readonly string[]>;
}

async function lineMember(context: TestContext, peer: "nc" | "telnet", chat: Room, name: string) {
  const child = await netcat(context, peer, chat, name);
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

async function terminalMember(context: TestContext, chat: Room, name: string): Promise<Member> {
  const client = await terminal(context, chat, name);
  return {
    say: async (text) => client.type(`${text}\r`),
    shown: () => messagesOf(() => client.look()),
  };
}

async function pageMember(context: TestContext, chat: Room, name: string): Promise<Member> {
  const page = await browser(openPage, context, chat, name);
  return {
    say: (text) => sayOn(page, text),
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
  test("show each message once, in one order, and new members get the same history", async (context) => {
    const chat = await room();
    const carl = await lineMember(context, "nc", chat, "carl");
    const members = new Map<string, Member>([
      ["anna", await pageMember(context, chat, "anna")],
      ["bert", await pageMember(context, chat, "bert")],
      ["carl", carl],
      ["dora", await lineMember(context, "nc", chat, "dora")],
      ["emil", await lineMember(context, "telnet", chat, "emil")],
      ["fritz", await terminalMember(context, chat, "fritz")],
    ]);
    const said: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      // All send at once, and send the next round before they see the answers.
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
      ["gerd", await pageMember(context, chat, "gerd")],
      ["hans", await lineMember(context, "nc", chat, "hans")],
      ["inge", await lineMember(context, "telnet", chat, "inge")],
      ["jens", await terminalMember(context, chat, "jens")],
    ];
    for (const [name, member] of newcomers) expect([name, await member.shown()]).toEqual([name, order.slice(-HISTORY)]);
  });
});
