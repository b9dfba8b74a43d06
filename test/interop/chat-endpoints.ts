// A chat in its own process, and the programs with which people join it.
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { TestContext } from "vitest";
import { PtyProgram } from "../cli/pty.ts";
import { freeFolder, program } from "../cli/sockwright.ts";
import type { OpenPage } from "../support/browser.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { until } from "../support/until.ts";

export interface Room {
  readonly lines: URL;
  readonly page: string;
  readonly child: Child;
}

/** Without rate limits, for tests in which one member sends much. */
export async function room(history = join(freeFolder(), "chat.db"), ...more: readonly string[]): Promise<Room> {
  const listeners = ["tcp://127.0.0.1:0", "http://127.0.0.1:0/chat/"].flatMap((url) => ["--listen", url]);
  const args = ["chat", ...listeners, "--history", history, ...more];
  const child = await startChild(process.execPath, [program, ...args]);
  const [, lines = ""] = await child.line(/listening on (tcp:.+)$/);
  const [, page = ""] = await child.line(/listening on (http:.+)$/);
  return { lines: new URL(lines.replace("tcp:", "http:")), page, child };
}

/** A program that prints lines as they arrive. */
export async function netcat(
  context: TestContext,
  peer: "nc" | "telnet",
  { lines }: Room,
  name: string,
): Promise<Child> {
  const child = await startChild(requireTool(context, peer), [lines.hostname, lines.port]);
  await child.line(/What is your name\?\r?$/);
  child.stdin.write(`${name}\n`);
  await child.line(/^-- You are /);
  return child;
}

export async function terminal(
  context: TestContext,
  { page }: Room,
  name: string,
  size = { rows: 100, columns: 100 },
): Promise<PtyProgram> {
  requireTool(context, "python3");
  const chat = await PtyProgram.start(["chat", "--join", page, "--name", name], size);
  await until(() => chat.look().includes("-- You are "), `${name} to be in the room`);
  return chat;
}

async function joinOn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
}

export async function browser(
  openPage: OpenPage,
  context: TestContext,
  { page: url }: Room,
  name: string,
): Promise<Page> {
  const page = await openPage(context);
  await joinOn(page, url, name);
  return page;
}

export async function sayOn(page: Page, text: string): Promise<void> {
  const box = page.getByRole("textbox", { name: "Message", exact: true });
  await box.fill(text);
  await box.press("Enter");
}
