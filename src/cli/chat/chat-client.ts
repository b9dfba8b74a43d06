import type { StandardStreams } from "../standard-streams.ts";
import { runOnTerminal } from "../terminal.ts";
import type { ChatScreen } from "./chat-screen.ts";
import { joinTargetOf } from "./join-url.ts";
import { type ColorChoice, hasColors, pairStyle, roomStyle } from "./line-style.ts";
import { PlainScreen } from "./plain-screen.ts";
import { Roster } from "./roster.ts";
import { type LineHandling, TerminalScreen } from "./terminal-screen.ts";
import type { TalkOptions } from "./web-socket-talk.ts";

/** The options of `chat --join` and `chat --with`. */
export interface ChatClientOptions {
  readonly name?: string | undefined;
  readonly room?: string | undefined;
  readonly color: ColorChoice;
  readonly reconnectTimeoutMs?: number | undefined;
}

/** The time limit for reconnecting of a client without a terminal, where no person could stop it; then the client fails. */
const PLAIN_RECONNECT_MS = 60_000;

/** Runs `sockwright chat --join URL`, and resolves with the exit code. */
export function joinChat(text: string, options: ChatClientOptions, streams: StandardStreams): Promise<number> {
  return runOnTerminal({ url: text, role: "target" }, "errors", streams, async ({ signal }) => {
    const target = joinTargetOf(text);
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
    if (target.type === "lines") {
      const { LineTalk } = await import("./line-talk.ts");
      await new LineTalk(text, target.url, talkOptions, screen, roster).run();
    } else {
      const { WebSocketTalk } = await import("./web-socket-talk.ts");
      await new WebSocketTalk(target.place, talkOptions, screen, roster).run();
    }
  });
}

/** Runs `sockwright chat --with URL`, and resolves with the exit code. */
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
