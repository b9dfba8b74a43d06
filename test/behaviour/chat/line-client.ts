// A served chat, and clients of its line endpoint.
import { onTestFinished } from "vitest";
import { type Connection, connect, type ServeOptions, type Server, serve } from "../../../src/server.ts";
import { type ChatOptions, chat } from "../../../src/services/chat/chat.ts";

export const GREETING = "-- Welcome to sockwright chat. What is your name?";

/** A client that reads line by line. */
export class LineClient {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Returns the next line with its line ending, or undefined at the end of the stream. */
  async rawLine(): Promise<string | undefined> {
    const line = await this.connection.readUntil("\n");
    return line === undefined ? undefined : String(line);
  }

  async line(): Promise<string | undefined> {
    return (await this.rawLine())?.replace(/\r?\n$/, "");
  }

  async lines(count: number): Promise<readonly (string | undefined)[]> {
    const lines: (string | undefined)[] = [];
    for (let read = 0; read < count; read++) lines.push(await this.line());
    return lines;
  }

  /** Returns all lines up to the end of the stream. */
  async rest(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) lines.push(line);
    return lines;
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.connection.write(`${line}\n`);
  }

  /** Sends a line and returns the line that answers it. */
  async ask(line: string): Promise<string | undefined> {
    this.say(line);
    return this.line();
  }
}

/** Joins the lobby of a chat in any process; the returned member has read the greeting and the welcome. */
export async function lineMember(url: string, name: string): Promise<LineClient> {
  const client = new LineClient(await connect(url));
  onTestFinished(() => client.connection.abort());
  client.say(name);
  await client.lines(2);
  return client;
}

export class ServedChat {
  readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  get url(): string {
    return this.server.urls[0] ?? "";
  }

  /** A connection that has not sent a name. */
  async stranger(url = this.url): Promise<LineClient> {
    const connection = await connect(url);
    onTestFinished(() => connection.abort());
    return new LineClient(connection);
  }

  /** A member in the lobby, with its welcome line; it has read the greeting. */
  async member(name: string, url = this.url): Promise<LineClient & { readonly welcome: string | undefined }> {
    const client = await this.stranger(url);
    await client.line();
    const welcome = await client.ask(name);
    return Object.assign(client, { welcome });
  }
}

export async function servedChat(
  options: ChatOptions = {},
  listeners: string | readonly string[] = "tcp://127.0.0.1:0",
  serveOptions: ServeOptions = {},
): Promise<ServedChat> {
  const server = await serve(listeners, chat({ history: "memory", ...options }), serveOptions);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return new ServedChat(server);
}
