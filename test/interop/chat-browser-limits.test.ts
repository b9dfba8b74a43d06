// The limits of the chat page in Chromium: how long it waits, and how much it shows.
import { describe, expect, test } from "vitest";
import { BROWSER_TIMEOUT_MS, browserOfFile } from "../support/browser.ts";
import { HeldChatPage } from "./held-chat-page.ts";

const openPage = browserOfFile();

const message = (id: number): object => ({
  type: "message",
  id,
  room: "lobby",
  time: id,
  from: "think",
  kind: "say",
  text: `message ${id}`,
});

const messages = (first: number, count: number): readonly object[] =>
  Array.from({ length: count }, (_, place) => message(first + place));

/** The number of lines, and the first one. */
function linesOf(held: HeldChatPage): Promise<[count: number, first: string]> {
  return held.value(
    `[document.querySelectorAll("#log > *").length, document.querySelector("#log > * .text").textContent]`,
  );
}

/** Scrolls up to load older lines. */
async function toBegin(held: HeldChatPage): Promise<void> {
  await held.value(`document.getElementById("log").scrollTop = 0`);
}

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, each) => `name${String(each).padStart(3, "0")}`);

describe("a lost connection", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("is retried after 500 ms, then after twice the time each time, up to 30 s", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    let attempts = await held.attempts;
    const expectAttemptAfter = async (waitMs: number): Promise<void> => {
      await held.lose();
      await held.pass(waitMs - 1);
      expect(await held.attempts).toBe(attempts);
      await held.pass(1);
      expect(await held.attempts).toBe(++attempts);
    };
    for (const waitMs of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) await expectAttemptAfter(waitMs);
    await held.welcome();
    await expectAttemptAfter(500);
  });

  test.for([
    // The page checks every 5 s whether the server was silent for more than 20 s.
    ["just behind a check", 1, 25_000],
    ["just before a check", 4_999, 25_000],
    ["with a check", 5_000, 30_000],
  ] as const)("is given up 20 s after the user sent %s", async ([, saidAtMs, givenUpAtMs], context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.pass(saidAtMs);
    await held.say("is anybody there?");
    await held.pass(givenUpAtMs - saidAtMs - 1);
    expect(await held.attempts).toBe(1);
    await held.pass(1);
    expect(await held.attempts).toBe(2);
    await held.welcome();
    expect((await held.sent).map(({ type, text }) => text ?? type)).toEqual(["join", "is anybody there?"]);
  });

  test("is not given up when the user has sent nothing, or frames arrive", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.pass(60_000);
    await held.say("hello");
    await held.pass(15_000);
    await held.hear(message(1));
    await held.pass(20_000);
    expect(await held.attempts).toBe(1);
    await held.pass(5_000);
    expect(await held.attempts).toBe(2);
  });

  test("is retried when an attempt got no answer for 20 s", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.pass(4_000);
    await held.lose();
    await held.pass(500);
    expect(await held.attempts).toBe(2);
    await held.value("sockets.at(-1).onopen()");
    // The check at 25 s, and the second wait.
    await held.pass(20_500 + 1_000 - 1);
    expect(await held.attempts).toBe(2);
    await held.pass(1);
    expect(await held.attempts).toBe(3);
    // The check at 50 s, and the third wait.
    await held.pass(24_000 + 2_000 - 1);
    expect(await held.attempts).toBe(3);
    await held.pass(1);
    expect(await held.attempts).toBe(4);
    await held.welcome();
    await held.page.getByText("Connected", { exact: true }).waitFor();
    await held.pass(60_000);
    expect(await held.attempts).toBe(4);
  });

  test.for([
    ["kept", 90_000, 1],
    ["made anew", 90_001, 2],
  ] as const)("is %s after a sleep of %d ms", async ([, sleepMs, attempts], context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.page.clock.fastForward(sleepMs);
    expect(await held.attempts).toBe(attempts);
  });
});

describe("the page shows", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("500 lines while new ones arrive, and more while the user reads older ones", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.hear(...messages(1_001, 500));
    expect(await linesOf(held)).toEqual([500, "message 1001"]);
    await held.hear(message(1_501));
    expect(await linesOf(held)).toEqual([500, "message 1002"]);
    await toBegin(held);
    await held.hear(...messages(1_502, 10));
    expect(await linesOf(held)).toEqual([510, "message 1002"]);
    await held.page.getByRole("button", { name: "New messages" }).click();
    await held.hear(message(1_512));
    expect(await linesOf(held)).toEqual([500, "message 1013"]);
  });

  test("the older lines that the user reads, also after the window is resized", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.hear(...messages(1, 500));
    await toBegin(held);
    await held.page.setViewportSize({ width: 500, height: 400 });
    // The clock of the page is held; a picture draws a frame, which delivers the resize.
    await held.page.screenshot();
    expect(await held.value(`document.getElementById("log").scrollTop`)).toBe(0);
  });

  test("2 000 lines at most: then it loads no older ones, which the next new line would remove", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    const older = held.page.getByRole("button", { name: "Load older" });
    await held.hear(...messages(10_001, 501));
    await toBegin(held);
    await held.hear(...messages(10_502, 10));
    expect(await linesOf(held)).toEqual([510, "message 10002"]);
    for (let count = 560; count < 2_000; count += 50) {
      await held.value(`document.getElementById("older").click()`);
      await expect.poll(() => linesOf(held)).toEqual([count, `message ${10_512 - count}`]);
    }
    await older.click();
    await older.waitFor({ state: "hidden" });
    expect(await linesOf(held)).toEqual([2_000, "message 8512"]);
    await held.hear(message(10_512));
    expect(await linesOf(held)).toEqual([2_000, "message 8513"]);
    expect(await older.isVisible()).toBe(false);
    await held.page.getByRole("button", { name: "New messages" }).click();
    await held.hear(message(10_513));
    expect(await linesOf(held)).toEqual([500, "message 10014"]);
    expect(await older.isVisible()).toBe(true);
  });

  test("200 people and 200 rooms, and the number of the others", async (context) => {
    const held = await HeldChatPage.joined(context, openPage, names(200));
    const people = (): Promise<string[]> => held.page.locator("#people li").allTextContents();
    await held.pass(100);
    expect(await people()).toEqual(names(200));
    await held.hear({ type: "joined", name: "one", room: "lobby" }, { type: "joined", name: "two", room: "lobby" });
    await held.pass(100);
    expect(await people()).toEqual([...names(200), "and 2 more"]);
    const showRooms = async (count: number): Promise<string[]> => {
      const rooms = names(count).map((name) => ({ name, members: 1, hasKey: false, topic: "" }));
      await held.value(`rooms = ${JSON.stringify(rooms)}; undefined`);
      await held.pass(30_000);
      return held.page.locator("#rooms li").allTextContents();
    };
    const links = names(200).map((name) => `${name} 1`);
    expect(await showRooms(200)).toEqual(links);
    expect(await showRooms(203)).toEqual([...links, "and 3 more"]);
  });

  test("the list of rooms, which it requests every 30 s while it is visible", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    expect(await held.requestsOfRooms).toBe(1);
    await held.pass(29_999);
    expect(await held.requestsOfRooms).toBe(1);
    await held.pass(1);
    expect(await held.requestsOfRooms).toBe(2);
    await held.pass(30_000);
    expect(await held.requestsOfRooms).toBe(3);
    await held.value(`Object.defineProperty(document, "visibilityState", { value: "hidden" }); undefined`);
    await held.pass(300_000);
    expect(await held.requestsOfRooms).toBe(3);
  });
});

describe("messages that the user sends", { timeout: BROWSER_TIMEOUT_MS }, () => {
  test("100 may be unanswered; the next one stays in the text box", async (context) => {
    const held = await HeldChatPage.joined(context, openPage);
    await held.value(
      `for (let each = 0; each < 100; each++) {
        document.getElementById("message").value = "message " + each;
        document.getElementById("say").requestSubmit();
      }`,
    );
    const said = async (): Promise<readonly string[]> => (await held.sent).flatMap(({ text }) => text ?? []);
    expect(await said()).toEqual(Array.from({ length: 100 }, (_, each) => `message ${each}`));
    await held.say("too much");
    const box = held.page.getByRole("textbox", { name: "Message", exact: true });
    await held.page
      .getByRole("alert")
      .getByText("Too many messages wait for an answer: this one was not sent.")
      .waitFor();
    expect(await box.inputValue()).toBe("too much");
    expect((await said()).length).toBe(100);
    const [, first] = await held.sent;
    await held.hear({ ...first, type: "sent", id: 1, time: 0 });
    await box.press("Enter");
    expect((await said()).at(-1)).toBe("too much");
    expect(await box.inputValue()).toBe("");
  });
});
