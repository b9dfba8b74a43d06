// The page of the chat in Chromium.

import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, type TestContext, test } from "vitest";
import { ChatClient, type ChatServing, chatServing, type ServedChat } from "../behaviour/chat/web-sockets.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf, violationsOf } from "../support/browser.ts";
import { until } from "../support/until.ts";
import { sayOn } from "./chat-endpoints.ts";

const openPage = browserOfFile();

const PHONE = { width: 360, height: 640 };

type PageOptions = Parameters<typeof openPage>[1];

/** Writes a picture for a person to look at, if the environment variable names a folder. */
async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env["SOCKWRIGHT_SCREENSHOTS"];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `chat-${name}.png`) });
}

/** Opens a page whose user has joined. */
async function joined(context: TestContext, chat: ServedChat, name: string, options: PageOptions = {}): Promise<Page> {
  const page = await openPage(context, options);
  await page.goto(chat.url);
  await joinAs(page, name);
  return page;
}

async function joinAs(page: Page, name: string): Promise<void> {
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
}

const textsOf = (page: Page): Promise<string[]> => page.getByRole("log").locator(".message .text").allTextContents();

async function untilShown(page: Page, text: string): Promise<void> {
  await page.getByRole("log").getByText(text, { exact: true }).waitFor();
}

/** Resets all connections of the server. */
function cut({ server }: ServedChat): void {
  for (const { id } of server.connections()) server.abort(id);
}

/** A chat with many messages. */
async function filledChat(count: number, options: ChatServing = {}): Promise<{ chat: ServedChat; think: ChatClient }> {
  const chat = await chatServing({ hub: { rate: { perSecond: 5, burst: 10_000 } }, ...options });
  const think = await ChatClient.joined(chat, "think");
  for (let each = 0; each < count; each++) think.say(`message ${each}`);
  await until(() => think.texts.length === count, "what was said");
  return { chat, think };
}

describe("the page of the chat", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("two browsers talk, and hostile text stays text", async (context) => {
    const chat = await chatServing();
    const rose = await joined(context, chat, "rose");
    const complaints = complaintsOf(rose);
    const think = await joined(context, chat, "think");
    await rose.getByText("think joined").waitFor();
    const hostile = [`<img src=x onerror="ran = 1">`, "<script>ran = 1</script>", "&lt;b&gt;", "{{x}}", "\u202e\u0007"];
    for (const text of ["hello", ...hostile]) await sayOn(rose, text);
    await sayOn(think, "/me waves");
    const shown = ["hello", ...hostile.slice(0, -1), "\\u202e\\x07", "waves"];
    for (const page of [rose, think]) {
      await untilShown(page, "waves");
      expect(await textsOf(page)).toEqual(shown);
      expect(await page.evaluate<string, undefined>("typeof ran", undefined)).toBe("undefined");
    }
    await sayOn(think, "/msg rose psst");
    await untilShown(rose, "psst");
    await sayOn(rose, "/topic tea <b>and</b> cake");
    await rose.locator("#topic", { hasText: "tea <b>and</b> cake" }).waitFor();
    expect(await rose.locator("#people li").allTextContents()).toEqual(["rose (you)", "think"]);
    await screenshot(rose, "talk");
    await think.getByRole("button", { name: "Leave" }).click();
    await rose.getByText("think left (quit)").waitFor();
    expect(complaints).toEqual([]);
  });

  test("resumes a lost connection: no message is missing, none appears twice", async (context) => {
    const { chat, think } = await filledChat(3);
    const page = await joined(context, chat, "rose");
    await untilShown(page, "message 2");
    await sayOn(page, "before");
    await untilShown(page, "before");
    // Another member sends the messages while the page is offline.
    for (let round = 0; round < 3; round++) {
      cut(chat);
      await until(() => think.end !== undefined, "the loss");
      const other = await ChatClient.joined(chat, `other${round}`);
      other.say(`meanwhile ${round}`);
      await untilShown(page, `meanwhile ${round}`);
      await page.getByText("Connected", { exact: true }).waitFor();
      await sayOn(page, `after ${round}`);
      await untilShown(page, `after ${round}`);
    }
    const rounds = [0, 1, 2].flatMap((round) => [`meanwhile ${round}`, `after ${round}`]);
    expect(await textsOf(page)).toEqual(["message 0", "message 1", "message 2", "before", ...rounds]);
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    await untilShown(page, "after 2");
    expect((await textsOf(page)).length).toBe(10);
  });

  test("starts again with a chat that has lost its history", async (context) => {
    const { chat, think } = await filledChat(3);
    const page = await joined(context, chat, "rose");
    await untilShown(page, "message 2");
    await chat.server.close({ graceMs: 0 });
    await until(() => think.end !== undefined, "the end of the server");
    const again = await chatServing({ at: new URL(chat.url).origin });
    const other = await ChatClient.joined(again, "other");
    other.say("said before rose is back");
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.locator("#people").getByText("other").waitFor();
    other.say("said when rose is back");
    await untilShown(page, "said when rose is back");
    expect(await textsOf(page)).toEqual(["said before rose is back", "said when rose is back"]);
  });

  test("refuses to send while it is offline, and keeps the text", async (context) => {
    const chat = await chatServing();
    const page = await joined(context, chat, "rose");
    await page.context().setOffline(true);
    await page.getByText("Offline, trying again …").waitFor();
    await sayOn(page, "not lost");
    await page.getByRole("alert").getByText("You are offline: the message was not sent.").waitFor();
    const box = page.getByRole("textbox", { name: "Message", exact: true });
    expect(await box.inputValue()).toBe("not lost");
    await screenshot(page, "offline");
    await page.context().setOffline(false);
    await page.getByText("Connected", { exact: true }).waitFor();
    await box.press("Enter");
    await untilShown(page, "not lost");
    expect(await box.inputValue()).toBe("");
  });

  test("loads older messages, and finds messages by a search", async (context) => {
    const { chat } = await filledChat(130);
    const page = await joined(context, chat, "rose");
    await untilShown(page, "message 129");
    expect((await textsOf(page)).length).toBe(20);
    const older = page.getByRole("button", { name: "Load older" });
    for (const [count, first] of [
      [70, "message 60"],
      [120, "message 10"],
      [130, "message 0"],
    ] as const) {
      await older.click();
      await untilShown(page, first);
      expect((await textsOf(page)).length).toBe(count);
    }
    await older.waitFor({ state: "hidden" });
    expect(await textsOf(page)).toEqual(Array.from({ length: 130 }, (_, each) => `message ${each}`));
    await page.getByRole("searchbox", { name: "Search this room" }).fill("MESSAGE 12");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.getByRole("heading", { name: "11 messages with “MESSAGE 12”" }).waitFor();
    expect((await page.locator("#results .text").allTextContents()).at(-1)).toBe("message 129");
    await screenshot(page, "search");
    await page.keyboard.press("Escape");
    await page.locator("#found").waitFor({ state: "hidden" });
  });

  test("changes rooms by links and by its address", async (context) => {
    const chat = await chatServing();
    const gardener = await ChatClient.joined(chat, "gardener", "garden");
    const page = await joined(context, chat, "rose");
    await page.getByRole("link", { name: "garden 1" }).click();
    await page.getByRole("heading", { name: "garden", exact: true }).waitFor();
    expect(await gardener.next("joined")).toMatchObject({ name: "rose" });
    expect(page.url()).toBe(`${chat.url}#garden`);
    await page.goto(`${chat.url}#attic`);
    await page.getByRole("heading", { name: "attic", exact: true }).waitFor();
    await page.getByRole("textbox", { name: "Another room" }).fill("lobby");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "lobby", exact: true }).waitFor();
  });

  test("explains why a name is refused, and what happened to the user's own name", async (context) => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    const page = await openPage(context);
    await page.goto(`${chat.url}#lobby/rose`);
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByRole("alert").getByText("The name rose is taken.").waitFor();
    await screenshot(page, "join");
    await joinAs(page, "think");
    rose.say("/kick think");
    await page.getByRole("alert").getByText("You were put out of the room.").waitFor();
    expect(await page.getByRole("textbox", { name: "Name" }).inputValue()).toBe("think");
  });

  test.for(["light", "dark"] as const)("passes axe: %s", async (colorScheme, context) => {
    const { chat } = await filledChat(30);
    const page = await openPage(context, { colorScheme, bypassCSP: true });
    await page.goto(chat.url);
    await page.getByRole("textbox", { name: "Name" }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await joinAs(page, "rose");
    await sayOn(page, "my own");
    await sayOn(page, "/me waves");
    await sayOn(page, "/who");
    await untilShown(page, "lobby: rose, think");
    await page.getByRole("searchbox").fill("message");
    await page.keyboard.press("Enter");
    await page.locator("#found").waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Close search" }).click();
    await screenshot(page, colorScheme);
    cut(chat);
    expect(await violationsOf(page)).toEqual([]);
  });

  test("fits the width of a phone", async (context) => {
    const { chat, think } = await filledChat(30);
    think.say("x".repeat(500));
    const page = await joined(context, chat, "rose", { viewport: PHONE });
    await untilShown(page, "message 29");
    const width = (): Promise<number> =>
      page.evaluate<number, undefined>("document.documentElement.scrollWidth", undefined);
    expect(await width()).toBe(PHONE.width);
    await screenshot(page, "phone");
    await page.getByText("Rooms and people").click();
    await page.getByRole("heading", { name: "People (2)" }).waitFor();
    expect(await width()).toBe(PHONE.width);
    await screenshot(page, "phone-places");
  });

  test("explains, without scripts, how else to join", async (context) => {
    const chat = await chatServing();
    const page = await openPage(context, { javaScriptEnabled: false });
    await page.goto(chat.url);
    await page.locator("noscript code", { hasText: "nc HOST 7000" }).waitFor();
    await screenshot(page, "no-scripts");
    expect(await page.getByRole("textbox").count()).toBe(0);
  });
});
