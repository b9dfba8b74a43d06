import type { HttpService } from "../../http/service/http-service.ts";
import type { Service } from "../../server/service.ts";
import { SharedService } from "../../server/shared-service.ts";
import type { ChatHub } from "./chat-hub.ts";
import { CHAT_OPTIONS, type ChatOptions, type ChatSettings, MEMORY } from "./chat-options.ts";
import { ChatPages } from "./chat-pages.ts";
import type { ChatHistory } from "./history.ts";
import { defaultHistoryPath } from "./history-path.ts";
import { LineEndpoint } from "./line-endpoint.ts";
import { LocalHub } from "./local-hub.ts";
import { MemoryHistory } from "./memory-history.ts";
import { SqliteHistory } from "./sqlite-history.ts";

export type { ChatOptions };

/** The service of a chat: on plain listeners for line clients, and mounted below a path of HTTP for browsers, see `mounts()` of sockwright/http. */
export type ChatService = HttpService & Required<Pick<Service, "stream" | "start" | "stop">>;

/**
 * Creates a chat with rooms: for `nc`, `telnet` and programs on plain listeners, for browsers and WebSockets below a path of HTTP, see
 * `mounts` of `sockwright/http`. One chat can have both. docs/guides/chat.md describes its protocols and limits.
 *
 * @throws RangeError, TypeError for an invalid option. `serve` rejects with the error of a history that cannot be opened.
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 * import { chat } from "sockwright/services/chat";
 *
 * const server = await serve("tcp://127.0.0.1:0", chat({ history: "memory" }));
 * const client = await connect(server.urls[0] ?? "");
 * client.write("rose\nhello\n");
 * console.log(String(await client.readUntil("\n")).trim()); // => -- Welcome to sockwright chat. What is your name?
 * console.log(String(await client.readUntil("\n")).trim()); // => -- You are rose in lobby, alone.
 * console.log(String(await client.readUntil("\n")).trim()); // => <rose> hello
 * await client.close();
 * await server.close();
 * ```
 */
export function chat(options?: ChatOptions): ChatService {
  const settings = CHAT_OPTIONS.check("chat()", options);
  const hub = hubOf(settings);
  const shared = new SharedService(hub);
  const lines = new LineEndpoint(hub, settings);
  const pages = new ChatPages(hub, settings);
  return {
    name: "chat",
    stream: (connection) => lines.serve(connection),
    request: (request, context) => pages.answer(request, context),
    start: () => shared.start(),
    stop: () => shared.stop(),
  };
}

function hubOf(settings: ChatSettings): ChatHub {
  const { messageRate: perSecond, messageBurst: burst, ...others } = settings;
  return new LocalHub(historyOf(settings), { ...others, rate: { perSecond, burst } });
}

function historyOf({ history }: ChatSettings): ChatHistory {
  // Ids start from the time in ms, so that they are higher after a restart and a returning client takes no new message for an old one.
  return history === MEMORY ? new MemoryHistory(Date.now()) : new SqliteHistory(history ?? defaultHistoryPath());
}
