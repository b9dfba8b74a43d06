// The page of the chat in a browser whose clock, sockets and requests the test holds: nothing happens there by itself.
import type { Page } from "playwright-core";
import type { TestContext } from "vitest";
import { chatServing } from "../behaviour/chat/web-sockets.ts";
import type { OpenPage } from "../support/browser.ts";

/** In place of what the page would reach the server by. Of every wait that is shared out by chance, it is the longest. */
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

/** The page, at the moment that it has been loaded. */
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

  /** One whose user is in a room, at the same moment. */
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

  /** How often it has been tried to connect. */
  get attempts(): Promise<number> {
    return this.value("sockets.length");
  }

  /** How often the rooms were asked for. */
  get requestsOfRooms(): Promise<number> {
    return this.value(`asked.filter((name) => name === "rooms").length`);
  }

  /** What was sent by the newest socket. */
  get sent(): Promise<readonly { readonly type: string; readonly text?: string }[]> {
    return this.value("sockets.at(-1).sent");
  }

  /** Time goes on, and what is due then happens. */
  async pass(durationMs: number): Promise<void> {
    await this.page.clock.runFor(durationMs);
  }

  async hear(...frames: readonly object[]): Promise<void> {
    await this.value(
      `for (const frame of ${JSON.stringify(frames)}) sockets.at(-1).onmessage({ data: JSON.stringify(frame) })`,
    );
  }

  /** The newest socket is open, and the join answered. */
  async welcome(members: readonly string[] = ["rose"]): Promise<void> {
    await this.value("sockets.at(-1).onopen()");
    await this.hear({ type: "welcome", name: "rose", token: "t", room: "lobby", topic: "", members, history: [] });
  }

  /** The newest socket has no connection any more. */
  async lose(): Promise<void> {
    await this.value("sockets.at(-1).onclose({ code: 1006 })");
  }

  async say(text: string): Promise<void> {
    const box = this.page.getByRole("textbox", { name: "Message", exact: true });
    await box.fill(text);
    await box.press("Enter");
  }
}
