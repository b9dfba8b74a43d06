// Chat members that send one message after the other, each when the one before is acknowledged, until the chat ends.
import { type LineClient, lineMember } from "./line-client.ts";
import { ChatClient, type Heard } from "./web-sockets.ts";

/** The addresses that a chat listens on. */
export interface Place {
  readonly url: string;
  readonly socketUrl: string;
}

/** A member at one of the endpoints. */
export interface Writer {
  /** The messages that it received, its own included, in order of arrival. */
  readonly heard: readonly string[];
  /** The messages that the chat has acknowledged to it. */
  readonly acknowledged: readonly string[];
  /**
   * Sends and receives messages until the connection is lost.
   *
   * @param onHeard - called for each message that it receives.
   */
  run(onHeard: () => void): Promise<void>;
  /** Reconnects to a chat with the same history, reads the missed messages and sends the unacknowledged one again. */
  resume(place: Place): Promise<void>;
}

/** A member of the line endpoint: its own message that comes back is the acknowledgement; it sends nothing again. */
export class LineWriter implements Writer {
  readonly heard: string[] = [];
  readonly acknowledged: string[] = [];
  readonly #client: LineClient;
  readonly #name: string;
  #written = 0;

  private constructor(client: LineClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  static async joined({ url }: Place, name: string): Promise<LineWriter> {
    return new LineWriter(await lineMember(url, name), name);
  }

  async run(onHeard: () => void): Promise<void> {
    try {
      this.#say();
      for (let line = await this.#client.line(); line !== undefined; line = await this.#client.line()) {
        const [, name, text = ""] = /^<(\w+)> (.+)$/.exec(line) ?? [];
        if (name === undefined) continue;
        this.heard.push(text);
        if (name === this.#name) {
          this.acknowledged.push(text);
          this.#say();
        }
        onHeard();
      }
    } catch {
      // A killed process may reset the connection.
    }
  }

  async resume(): Promise<void> {}

  #say(): void {
    this.#client.say(`${this.#name}-${this.#written++}`);
  }
}

/** A member of the WebSocket endpoint: a `sent` frame acknowledges; it sends a message again with the same tag. */
export class SocketWriter implements Writer {
  readonly heard: string[] = [];
  readonly acknowledged: string[] = [];
  readonly #name: string;
  /** Identifies the author of the tags after a reconnect. */
  readonly #token: unknown;
  #client: ChatClient;
  #written = 0;
  #lastId = 0;

  private constructor(client: ChatClient, name: string, token: unknown) {
    this.#client = client;
    this.#name = name;
    this.#token = token;
  }

  static async joined(place: Place, name: string): Promise<SocketWriter> {
    const client = await ChatClient.open(place);
    const { token } = await client.join(name);
    return new SocketWriter(client, name, token);
  }

  async run(onHeard: () => void): Promise<void> {
    const { socket } = this.#client;
    const ended = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Heard;
      if (frame.type === "sent") {
        this.acknowledged.push(this.#text);
        this.#written++;
        this.#say();
      } else if (frame.type === "message") {
        this.#hear(frame);
        onHeard();
      }
    });
    this.#say();
    await ended;
  }

  async resume(place: Place): Promise<void> {
    this.#client = await ChatClient.open(place);
    const { history } = await this.#client.join(this.#name, "lobby", {
      since: this.#lastId,
      token: this.#token,
    });
    for (const message of history as readonly Heard[]) this.#hear(message);
    // The chat may or may not have stored this message already; the tag tells it which.
    this.#say();
    await this.#client.next("sent");
    this.acknowledged.push(this.#text);
    this.#client.socket.terminate();
  }

  #hear({ id, text }: Heard): void {
    this.#lastId = Number(id);
    this.heard.push(String(text));
  }

  get #text(): string {
    return `${this.#name}-${this.#written}`;
  }

  #say(): void {
    this.#client.say(this.#text, this.#text);
  }
}

/** Returns all messages of the history, as `/history` shows them to a new member. */
export async function historyOf({ url }: Place): Promise<readonly string[]> {
  const client = await lineMember(url, "reader");
  client.say("/history 1000", "/quit");
  const lines = await client.rest();
  const from = lines.findLastIndex((line) => line.startsWith("-- The last "));
  return lines.slice(from).flatMap((line) => /^\[[\d:]{8}\] <\w+> (.+)$/.exec(line)?.[1] ?? []);
}
