// A chat behind an HTTP listener, and clients of its WebSocket endpoint.
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { http } from "../../../src/http/service/http.ts";
import { mounts } from "../../../src/http.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import type { Server } from "../../../src/server/server.ts";
import type { ChatHub } from "../../../src/services/chat/chat-hub.ts";
import { ChatPages, type ChatPagesOptions } from "../../../src/services/chat/chat-pages.ts";
import { type HubOptions, LocalHub } from "../../../src/services/chat/local-hub.ts";
import { MemoryHistory } from "../../../src/services/chat/memory-history.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

export interface ServedChat {
  readonly hub: ChatHub;
  readonly server: Server;
  /** `http://…/chat/`. */
  readonly url: string;
  /** `ws://…/chat/ws`. */
  readonly socketUrl: string;
  /** The errors that `onError` received. */
  readonly errors: unknown[];
}

export interface ChatServing extends ChatPagesOptions {
  readonly hub?: Partial<HubOptions>;
  readonly serve?: ServeOptions;
  /** The default is a free port. */
  readonly at?: string;
}

/** A hub whose history is in memory. */
function memoryHub(options: Partial<HubOptions> = {}): LocalHub {
  return new LocalHub(new MemoryHistory(), {
    rate: { perSecond: 5, burst: 200 },
    maxMessageBytes: 4_096,
    maxMembers: 10_000,
    maxRooms: 1_000,
    maxConnectionsPerAddress: 10,
    retainMs: undefined,
    ...options,
  });
}

/** Serves a chat below `/chat/` until the test ends. */
export async function chatServing({
  hub: hubOptions,
  serve,
  at = "http://127.0.0.1:0",
  ...pages
}: ChatServing = {}): Promise<ServedChat> {
  const hub = memoryHub({ clock: pages.clock, ...hubOptions });
  const chat = new ChatPages(hub, pages);
  const service = { ...http((request, context) => chat.answer(request, context)), start: () => hub.start() };
  const errors: unknown[] = [];
  const options = { onError: (error: unknown) => errors.push(error), ...serve };
  const server = await serving(mounts({ "/chat/": service }), options, at);
  onTestFinished(() => hub.stop());
  const url = `${urlOf(server)}/chat/`;
  return { hub, server, url, socketUrl: `${url.replace("http:", "ws:")}ws`, errors };
}

/** A frame as a client receives it. */
export type Heard = Readonly<Record<string, unknown>> & { readonly type: string };

/** A client that keeps all frames that it receives. */
export class ChatClient {
  readonly socket: WebSocket;
  readonly heard: Heard[] = [];
  /** Set when the connection has closed. */
  end: { readonly code: number; readonly reason: string } | undefined;
  #taken = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => this.heard.push(JSON.parse(String(data)) as Heard));
    socket.on("close", (code, reason) => {
      this.end = { code, reason: String(reason) };
    });
    socket.on("error", () => {});
  }

  /** Opens a client that disconnects when the test ends. */
  static async open({ socketUrl }: Pick<ServedChat, "socketUrl">, options: ClientOptions = {}): Promise<ChatClient> {
    const socket = new WebSocket(socketUrl, options);
    onTestFinished(() => socket.terminate());
    const client = new ChatClient(socket);
    await until(() => socket.readyState === WebSocket.OPEN, "a WebSocket");
    return client;
  }

  /** Opens a client that has joined a room. */
  static async joined(chat: Pick<ServedChat, "socketUrl">, name: string, room = "lobby"): Promise<ChatClient> {
    const client = await ChatClient.open(chat);
    await client.join(name, room);
    return client;
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  join(name: string, room = "lobby", more: object = {}): Promise<Heard> {
    this.send({ type: "join", name, room, ...more });
    return this.next("welcome");
  }

  say(text: string, tag?: string): void {
    this.send({ type: "say", text, ...(tag === undefined ? {} : { tag }) });
  }

  /** Waits for the next frame, of this type if one is given; skips those before it. */
  async next(type?: string): Promise<Heard> {
    const isNext = ({ type: each }: Heard): boolean => type === undefined || each === type;
    const find = (): number => this.heard.findIndex((each, place) => place >= this.#taken && isNext(each));
    await until(() => find() >= 0, type ?? "a message");
    const place = find();
    this.#taken = place + 1;
    return this.heard[place] ?? { type: "none" };
  }

  /** The texts of the room messages that have arrived. */
  get texts(): unknown[] {
    return this.heard.flatMap(({ type, text }) => (type === "message" ? [text] : []));
  }

  async ended(): Promise<{ readonly code: number; readonly reason: string }> {
    await until(() => this.end !== undefined, "the end of the WebSocket");
    return this.end ?? { code: 0, reason: "" };
  }
}
