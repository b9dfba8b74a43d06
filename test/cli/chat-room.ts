// A scripted room with a WebSocket endpoint: it records the frames that arrive, and the test chooses the answers.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { until } from "../support/until.ts";

/** The frames of a client. */
export type Sent = Readonly<Record<string, unknown>>;

interface Stored {
  readonly type: "message";
  readonly id: number;
  readonly room: string;
  readonly time: number;
  readonly from: string;
  readonly kind: "say";
  readonly text: string;
}

/** A room in which every connection that joins is a member. */
export class ChatRoom {
  readonly #server: WebSocketServer;
  readonly url: string;
  readonly received: Sent[] = [];
  readonly stored: Stored[] = [];
  members: string[] = [];
  /** Refusals of the next joins, one each. */
  readonly refusals: object[] = [];
  /** Whether the room stores and acknowledges a message; if not, it drops the connection before that. */
  acknowledges = true;
  /** Texts that the room refuses. */
  maxCharacters = 4_096;
  readonly #tags = new Map<string, number>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}/chat/`;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async open(port = 0): Promise<ChatRoom> {
    const server = new WebSocketServer({ host: "127.0.0.1", port, path: "/chat/ws" });
    await once(server, "listening");
    const room = new ChatRoom(server);
    onTestFinished(() => room.close());
    return room;
  }

  /** Drops every connection. */
  lose(code?: number): void {
    for (const socket of this.#server.clients) {
      if (code === undefined) socket.terminate();
      else socket.close(code);
    }
  }

  async close(): Promise<void> {
    this.lose();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  tell(frame: object): void {
    for (const socket of this.#server.clients) socket.send(JSON.stringify(frame));
  }

  /** Sends a message of another member. */
  say(from: string, text: string): Stored {
    const message = {
      type: "message",
      id: this.stored.length + 1,
      room: "lobby",
      time: 0,
      from,
      kind: "say",
      text,
    } as const;
    this.stored.push(message);
    this.tell(message);
    return message;
  }

  /** Waits for this many frames of a kind, and returns them. */
  async frames(type: string, count: number): Promise<readonly Sent[]> {
    const all = (): readonly Sent[] => this.received.filter((frame) => frame["type"] === type);
    await until(() => all().length >= count, `${count} times ${type}: ${JSON.stringify(this.received)}`);
    return all();
  }

  #serve(socket: WebSocket): void {
    let name = "";
    socket.on("error", () => undefined);
    socket.on("message", (data) => {
      const frame: Sent = JSON.parse(String(data));
      this.received.push(frame);
      if (frame["type"] === "join") name = this.#join(socket, frame) ?? name;
      else this.#said(socket, name, String(frame["text"]), String(frame["tag"]));
    });
  }

  #join(socket: WebSocket, { name: wanted, room, since }: Sent): string | undefined {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      socket.send(JSON.stringify({ type: "error", ...refusal }));
      return undefined;
    }
    const name = String(wanted);
    const history = this.stored.filter(({ id }) => id > (typeof since === "number" ? since : 0));
    const members = [...this.members, name];
    socket.send(JSON.stringify({ type: "welcome", name, token: "t".repeat(22), room, topic: "", members, history }));
    return name;
  }

  #said(socket: WebSocket, name: string, text: string, tag: string): void {
    if (text.length > this.maxCharacters) {
      socket.send(
        JSON.stringify({ type: "error", code: "TOO_LONG", tag, message: "Not sent: longer than 4096 bytes." }),
      );
      return;
    }
    const id = this.#tags.get(tag) ?? this.say(name, text).id;
    this.#tags.set(tag, id);
    if (this.acknowledges) socket.send(JSON.stringify({ type: "sent", id, tag, time: 0 }));
    else socket.terminate();
  }
}
