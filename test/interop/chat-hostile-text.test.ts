// Text that could be a command to a terminal, a line of another member or part of a page: the test sends it through every endpoint of
// the chat in every field, and reads it through every other endpoint and from the history of the next run. It stays text.
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, type TestContext, test } from "vitest";
import { ChatClient, type Heard } from "../behaviour/chat/web-sockets.ts";
import { RunningChat } from "../cli/chat-streams.ts";
import type { PtyProgram } from "../cli/pty.ts";
import { freeFolder } from "../cli/sockwright.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf } from "../support/browser.ts";
import { browser, netcat, type Room, room, sayOn, terminal } from "./chat-endpoints.ts";

const openPage = browserOfFile();

/** The endpoints through which the text is sent. */
const ENDPOINTS = ["nc", "websocket", "page", "terminal", "plain"] as const;
type Endpoint = (typeof ENDPOINTS)[number];

interface Hostile {
  readonly text: string;
  /** The lines that arrive. */
  readonly arrives: readonly string[];
  /** The parts that arrive from endpoints that treat some characters as keys, or have a text box of one line. */
  readonly but?: Partial<Record<Endpoint, readonly string[]>>;
}

const LEFT = "-- rose left lobby (quit)";
const IMAGE = `<img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>&lt;b&gt;`;
const HOSTILE: Readonly<Record<string, Hostile>> = {
  ESC: {
    text: "\x1b[2J\x1b]0;owned\x07",
    arrives: ["\\x1b[2J\\x1b]0;owned\\x07"],
    but: { terminal: ["0;owned"] },
  },
  CR: {
    text: "a\r<rose> b",
    arrives: ["a\\x0d<rose> b"],
    but: { page: ["a <rose> b"], terminal: ["a", "<rose> b"] },
  },
  LF: {
    text: `a\n${LEFT}`,
    arrives: ["a", LEFT],
    but: { websocket: [`a\\x0a${LEFT}`], page: [`a ${LEFT}`] },
  },
  NUL: { text: "a\0b", arrives: ["a\\x00b"], but: { terminal: ["ab"] } },
  C1: { text: "\x9b2J\x9d0;owned\x9c\x85", arrives: ["\\u009b2J\\u009d0;owned\\u009c\\u0085"] },
  bidi: { text: "\u202eabc\u2066\u200f\u061c\u2028d", arrives: ["\\u202eabc\\u2066\\u200f\\u061c\\u2028d"] },
  markup: { text: IMAGE, arrives: [IMAGE] },
  attribute: { text: `" onmouseover="window.__pwned=1" x='`, arrives: [`" onmouseover="window.__pwned=1" x='`] },
  "a notice": { text: "-- You are owned.", arrives: ["-- You are owned."] },
};

/** Characters that must not arrive anywhere. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDS = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const RECEIVERS = ["r-nc", "r-websocket", "r-page", "r-terminal", "r-plain"] as const;
const PRIVATE: readonly (readonly [string, string])[] = RECEIVERS.map((name) => [`/msg ${name} `, ""]);
/** The commands before the text, and what others see in their place. */
const HEARD: readonly (readonly [string, string])[] = [
  ["", "<sender> "],
  ["/me ", "* sender "],
  ["/topic ", "-- sender set the topic of lobby: "],
];
/** Other members see of these only that the author moves. */
const UNHEARD = [
  "/msg ",
  "/",
  "/nick ",
  "/kick ",
  "/mute ",
  "/unmute ",
  "/ban ",
  "/history ",
  "/join ",
  "/join cellar ",
];

/** A client, and all lines that it has shown so far. */
interface Receiver {
  lines(): readonly string[] | Promise<readonly string[]>;
  /** Checks that nothing else has happened to the client. */
  isUnharmed(): void | Promise<void>;
}

type Say = (text: string) => void | Promise<void>;

async function senderAt(endpoint: Endpoint, context: TestContext, chat: Room): Promise<Say> {
  switch (endpoint) {
    case "nc": {
      const child = await netcat(context, "nc", chat, "sender");
      return (text) => void child.stdin.write(`${text}\n`);
    }
    case "websocket": {
      const client = await ChatClient.joined(socketOf(chat), "sender");
      let tag = 0;
      return (text) => client.say(text, `${tag++}`);
    }
    case "page": {
      const page = await browser(openPage, context, chat, "sender");
      return (text) => sayOn(page, text);
    }
    case "terminal": {
      const client = await terminal(context, chat, "sender");
      return (text) => client.type(`${text}\r`);
    }
    case "plain": {
      const client = new RunningChat("--join", chat.page, "--name", "sender", "--reconnect-timeout", "1ms");
      await client.prints("-- You are sender");
      return (text) => client.say(text);
    }
  }
}

function socketOf({ page }: Room): { readonly socketUrl: string } {
  return { socketUrl: `${page.replace("http:", "ws:")}ws` };
}

function ofLines(text: () => string): Receiver {
  const lines = (): readonly string[] => text().split("\n").slice(0, -1);
  return {
    lines: () => lines().map((line) => line.replace(/^\[[\d:]{8}\] /, "")),
    isUnharmed: () => {
      for (const line of lines()) expect(line).not.toMatch(COMMANDS);
      const forms = /^(?:\[[\d:]{8}\] )?(?:-- |\* \S+ |<\S+> |\[sender\] )/;
      for (const line of lines()) expect(line).toMatch(forms);
    },
  };
}

/** The text as the line endpoint shows it. */
function lineOf({ type, kind, from, by, room: where, text, message }: Heard): string {
  if (type === "private") return `[${from}] ${text}`;
  if (type === "topic") return `-- ${by} set the topic of ${where}: ${text}`;
  if (type === "message") return kind === "me" ? `* ${from} ${text}` : `<${from}> ${text}`;
  return `-- ${type} ${text ?? message ?? ""}`;
}

function ofSocket({ heard }: ChatClient): Receiver {
  return {
    lines: () => heard.map(lineOf),
    isUnharmed: () => {
      for (const text of stringsOf(heard)) expect(text).not.toMatch(COMMANDS);
    },
  };
}

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.entries(value).flat().flatMap(stringsOf) : [];
}

function ofTerminal(client: PtyProgram): Receiver {
  return {
    lines: () => client.look().split("\n"),
    isUnharmed: () => {
      // The sequences with which the line editor moves and erases; the screen refuses all others.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      const rest = client.written.replaceAll(/\x1b\[\d*[ABCDG]|\x1b\[0?J|\r?\n|\r/g, "");
      expect(rest).not.toMatch(COMMANDS);
    },
  };
}

function ofPage(page: Page): Receiver {
  const dialogs: string[] = [];
  const complaints = complaintsOf(page);
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  return {
    lines: async () => (await page.getByRole("log").locator("p").allTextContents()).map(asLine),
    isUnharmed: async () => {
      const seen = await page.evaluate<Record<string, unknown>, undefined>(
        `(() => {
          const all = [...document.querySelectorAll("#log *, #results *, #topic *, #people *, #found-title *, #why *")];
          return {
            tags: [...new Set(all.map(({ localName }) => localName))].sort(),
            attributes: [...new Set(all.flatMap((each) => each.getAttributeNames()))].sort(),
            strangers: document.querySelectorAll("img, iframe, body script").length,
            pwned: typeof window.__pwned,
            title: document.title,
          };
        })()`,
        undefined,
      );
      expect(seen).toEqual({
        tags: ["bdi", "li", "p", "span", "time"],
        attributes: ["class", "data-id", "datetime", "style", "title"],
        strangers: 0,
        pwned: "undefined",
        title: "lobby · Sockwright chat",
      });
      expect(((await page.locator("body").textContent()) ?? "").replaceAll("\n", "")).not.toMatch(COMMANDS);
      expect([dialogs, complaints]).toEqual([[], []]);
    },
  };
}

/** The page words some of these lines differently, and appends the time. */
function asLine(text: string): string {
  const line = text.replace(/ (?:\d{1,2}:\d\d(?:\s[AP]M)?)$/, "");
  if (line.startsWith("* ")) return line.replace(/^(\* \S+) {2}/, "$1 ");
  return line
    .replace(/^(\S+) set the topic: /, "-- $1 set the topic of lobby: ")
    .replace(/^(\S+) to you alone: /, "[$1] ")
    .replace(/^(\w[\w-]*): /, "<$1> ");
}

async function receiversOf(context: TestContext, chat: Room): Promise<ReadonlyMap<string, Receiver>> {
  const [nc, page] = [await netcat(context, "nc", chat, "r-nc"), await browser(openPage, context, chat, "r-page")];
  const plain = new RunningChat(
    "--join",
    chat.lines.href.replace("http:", "tcp:").replace(/\/$/, ""),
    "--name",
    "r-plain",
  );
  await plain.prints("-- You are r-plain");
  return new Map<string, Receiver>([
    ["r-nc", ofLines(() => nc.stdout)],
    ["r-plain", ofLines(() => plain.stdout)],
    ["r-websocket", ofSocket(await ChatClient.joined(socketOf(chat), "r-websocket"))],
    ["r-terminal", ofTerminal(await terminal(context, chat, "r-terminal", { rows: 1_000, columns: 400 }))],
    ["r-page", ofPage(page)],
  ]);
}

async function untilIn(receiver: Receiver, line: string): Promise<readonly string[]> {
  await expect.poll(async () => receiver.lines(), { timeout: BROWSER_TIMEOUT_MS / 2 }).toContain(line);
  return receiver.lines();
}

/** The part of a line that others see after its beginning; when a text became several lines, the others are messages. */
function seen(mark: string, [first = "", ...rest]: readonly string[]): readonly string[] {
  return [mark + first, ...rest.map((line) => `<sender> ${line}`)];
}

describe.for(ENDPOINTS)("sent by %s", { timeout: BROWSER_TIMEOUT_MS }, (endpoint) => {
  test("the text arrives at every endpoint and in the history as text", async (context) => {
    const history = join(freeFolder(), "chat.db");
    const fast = ["--message-rate", "1000/s", "--message-burst", "10000"];
    const chat = await room(history, ...fast);
    const say = await senderAt(endpoint, context, chat);
    const receivers = await receiversOf(context, chat);
    const stored: string[] = [];
    for (const [what, { text, arrives, but }] of Object.entries(HOSTILE)) {
      const parts = but?.[endpoint] ?? arrives;
      for (const [begin] of [...HEARD, ...PRIVATE]) await say(begin + text);
      await say(`/me mark ${what}`);
      for (const [name, receiver] of receivers) {
        const lines = await untilIn(receiver, `* sender mark ${what}`);
        for (const [, mark] of HEARD) expect([name, ...lines]).toEqual(expect.arrayContaining([...seen(mark, parts)]));
        expect([name, ...lines]).toEqual(expect.arrayContaining([...seen("[sender] ", parts)]));
      }
      stored.push(...seen("<sender> ", parts), ...seen("* sender ", parts));
    }
    // A member that moves to another room is no longer the operator of the lobby.
    for (const [what, { text }] of Object.entries(HOSTILE)) {
      for (const begin of UNHEARD) for (const line of [begin + text, "/join lobby", "/nick sender"]) await say(line);
      await say(`/me again ${what}`);
      for (const receiver of receivers.values()) await untilIn(receiver, `* sender again ${what}`);
    }
    for (const receiver of receivers.values()) await receiver.isUnharmed();

    chat.child.kill();
    expect(await chat.child.exit()).toEqual({ code: 0, signal: null });
    const next = await room(history);
    for (const [name, receiver] of await newcomers(context, next)) {
      const lines = await untilIn(receiver, "* sender again a notice");
      expect([name, ...lines]).toEqual(expect.arrayContaining(stored));
      await receiver.isUnharmed();
    }
  });
});

/** The page with all messages. */
async function newcomers(context: TestContext, chat: Room): Promise<ReadonlyMap<string, Receiver>> {
  const nc = await netcat(context, "nc", chat, "late-nc");
  nc.stdin.write("/history 1000\n");
  const socket = await ChatClient.joined(socketOf(chat), "late-websocket");
  socket.send({ type: "say", text: "/history 1000", tag: "1" });
  const { messages } = await socket.next("history");
  const page = await browser(openPage, context, chat, "late-page");
  const onPage = ofPage(page);
  const older = page.getByRole("button", { name: "Load older" });
  while (await older.isVisible()) {
    const count = await page.getByRole("log").locator("p").count();
    await older.click();
    await expect.poll(() => page.getByRole("log").locator("p").count()).not.toBe(count);
  }
  return new Map<string, Receiver>([
    ["late-nc", ofLines(() => nc.stdout)],
    ["late-websocket", { ...ofSocket(socket), lines: () => (messages as Heard[]).map(lineOf) }],
    ["late-page", onPage],
  ]);
}
