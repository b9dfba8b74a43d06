import type { StandardStreams } from "../standard-streams.ts";
import { runOnTerminal } from "../terminal.ts";
import type { ChatScreen } from "./chat-screen.ts";
import { joinTargetOf } from "./join-url.ts";
import { type ColorChoice, hasColors, pairStyle, roomStyle } from "./line-style.ts";
import { PlainScreen } from "./plain-screen.ts";
import { Roster } from "./roster.ts";
import { type LineHandling, TerminalScreen } from "./terminal-screen.ts";
import type { TalkOptions } from "./web-socket-talk.ts";

/** What `chat --join` and `chat --with` are told. */
export interface ChatClientOptions {
  readonly name?: string | undefined;
  readonly room?: string | undefined;
  readonly color: ColorChoice;
  readonly reconnectTimeoutMs?: number | undefined;
}

/** How long programs try to have a lost connection back: nobody sits there who would end them. */
const PLAIN_RECONNECT_MS = 60_000;

/** `sockwright chat --join URL`; gives the exit code. */
export function joinChat(text: string, options: ChatClientOptions, streams: StandardStreams): Promise<number> {
  return runOnTerminal({ url: text, role: "target" }, "errors", streams, async ({ signal }) => {
    const door = joinTargetOf(text);
    const roster = new Roster();
    const leaving = new AbortController();
    const screen = screenOn(streams, leaving, {
      style: roomStyle(isColored(options, streams)),
      complete: (line) => roster.complete(line),
      keepsTyped: false,
    });
    const talkOptions: TalkOptions = {
      name: options.name,
      room: options.room,
      reconnectMs: options.reconnectTimeoutMs ?? (screen.isTerminal ? undefined : PLAIN_RECONNECT_MS),
      signal: AbortSignal.any([signal, leaving.signal]),
    };
    if (door.type === "lines") {
      const { LineTalk } = await import("./line-talk.ts");
      await new LineTalk(text, door.url, talkOptions, screen, roster).run();
    } else {
      const { WebSocketTalk } = await import("./web-socket-talk.ts");
      await new WebSocketTalk(door.place, talkOptions, screen, roster).run();
    }
  });
}

/** `sockwright chat --with URL`; gives the exit code. */
export function chatWith(text: string, options: ChatClientOptions, streams: StandardStreams): Promise<number> {
  return runOnTerminal({ url: text, role: "target" }, "errors", streams, async ({ signal }) => {
    const { pairUrl, PairTalk } = await import("./pair-talk.ts");
    const place = pairUrl(text);
    const leaving = new AbortController();
    const screen = screenOn(streams, leaving, {
      style: pairStyle(isColored(options, streams), streams.terminal !== undefined),
      complete: () => [[], ""],
      keepsTyped: true,
    });
    await new PairTalk(place, text, screen, AbortSignal.any([signal, leaving.signal])).run();
  });
}

function screenOn(streams: StandardStreams, leaving: AbortController, lines: LineHandling): ChatScreen {
  const { terminal } = streams;
  return terminal === undefined
    ? new PlainScreen(streams, lines.style, () => leaving.abort())
    : new TerminalScreen(terminal, lines);
}

function isColored({ color }: ChatClientOptions, { terminal }: StandardStreams): boolean {
  return hasColors(color, terminal !== undefined);
}
