// The page of the chat in a browser whose clock, sockets and requests the test controls: nothing happens there by itself.
import type { Page } from "playwright-core";
import type { TestContext } from "vitest";
import { chatServing } from "../behaviour/chat/web-sockets.ts";
import type { OpenPage } from "../support/browser.ts";

/** Replaces what the page uses to reach the server. Random waits take their longest value. */
const HELD = `
  globalThis.sockets = [];
  globalThis.WebSocket = class {
    sent = [];
    constructor() { sockets.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() {}
  };
  globalThis.rooms = [];
  globalThis.asked = [];
  globalThis.fetch = async (path) => {
    const { pathname, searchParams } = new URL(path, location.href);
    const name = pathname.split("/").at(-1);
    asked.push(name);
    const before = Number(searchParams.get("before"));
    const messages = Array.from({ length: Number(searchParams.get("limit")) }, (_, place, id = before - 50 + place) =>
      ({ type: "message", id, room: "lobby", time: id, from: "think", kind: "say", text: "message " + id }));
    return new Response(JSON.stringify(name === "rooms" ? { rooms } : { messages }));
  };
  Math.random = () => 1;`;

/** Opens the page, and returns when it has loaded. */
export class HeldChatPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(context: TestContext, openPage: OpenPage): Promise<HeldChatPage> {
    const { url } = await chatServing();
    const page = await openPage(context);
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(1_000);
    await page.addInitScript(HELD);
    await page.goto(url);
    return new HeldChatPage(page);
  }

  /** Opens the page with a user who has joined a room. */
  static async joined(
    context: TestContext,
    openPage: OpenPage,
    members: readonly string[] = ["rose"],
  ): Promise<HeldChatPage> {
    const held = await HeldChatPage.open(context, openPage);
    await held.page.getByRole("textbox", { name: "Name" }).fill("rose");
    await held.page.getByRole("button", { name: "Join" }).click();
    await held.welcome(members);
    await held.page.getByText("Connected", { exact: true }).waitFor();
    return held;
  }

  value<Value>(code: string): Promise<Value> {
    return this.page.evaluate<Value, undefined>(code, undefined);
  }

  /** The number of connection attempts. */
  get attempts(): Promise<number> {
    return this.value("sockets.length");
  }

  /** The number of requests for the list of rooms. */
  get requestsOfRooms(): Promise<number> {
    return this.value(`asked.filter((name) => name === "rooms").length`);
  }

  /** The frames that the newest socket has sent. */
  get sent(): Promise<readonly { readonly type: string; readonly text?: string }[]> {
    return this.value("sockets.at(-1).sent");
  }

  /** Moves the clock; the timers that are due run. */
  async pass(durationMs: number): Promise<void> {
    await this.page.clock.runFor(durationMs);
  }

  async hear(...frames: readonly object[]): Promise<void> {
    await this.value(
      `for (const frame of ${JSON.stringify(frames)}) sockets.at(-1).onmessage({ data: JSON.stringify(frame) })`,
    );
  }

  /** Opens the newest socket, and answers its join. */
  async welcome(members: readonly string[] = ["rose"]): Promise<void> {
    await this.value("sockets.at(-1).onopen()");
    await this.hear({ type: "welcome", name: "rose", token: "t", room: "lobby", topic: "", members, history: [] });
  }

  /** Closes the newest socket without a handshake, as a lost connection does. */
  async lose(): Promise<void> {
    await this.value("sockets.at(-1).onclose({ code: 1006 })");
  }

  async say(text: string): Promise<void> {
    const box = this.page.getByRole("textbox", { name: "Message", exact: true });
    await box.fill(text);
    await box.press("Enter");
  }
}
