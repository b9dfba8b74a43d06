import type { ChatEvent, ChatMessage, LeaveReason } from "../../services/chat/chat-event.ts";

/** A frame that a chat server sends over WebSocket. */
export type ServerFrame =
  | {
      readonly type: "welcome";
      readonly name: string;
      readonly token: string;
      readonly room: string;
      readonly topic: string;
      readonly members: readonly string[];
      readonly history: readonly ChatMessage[];
      /** Whether the room has older messages. */
      readonly hasMore: boolean;
    }
  | { readonly type: "sent"; readonly tag: string | undefined }
  | { readonly type: "event"; readonly event: ChatEvent }
  /** The answer to a command; empty if another frame gives the answer. */
  | { readonly type: "notice"; readonly tag: string | undefined; readonly text: string }
  | {
      readonly type: "history";
      readonly tag: string | undefined;
      readonly room: string;
      readonly messages: readonly ChatMessage[];
    }
  | { readonly type: "error"; readonly tag: string | undefined; readonly message: string };

const REASONS: readonly LeaveReason[] = ["quit", "gone", "moved", "too slow", "kicked"];

/** Returns undefined for a frame of an unknown type. @throws SyntaxError for text that is no frame. */
export function parseServerFrame(text: string): ServerFrame | undefined {
  const fields = new Fields(JSON.parse(text));
  const type = fields.text("type");
  switch (type) {
    case "welcome":
      return {
        type,
        name: fields.text("name"),
        token: fields.text("token"),
        room: fields.text("room"),
        topic: fields.optionalText("topic") ?? "",
        members: fields.list("members").filter((each) => typeof each === "string"),
        history: messagesOf(fields.list("history")),
        hasMore: fields.isTrue("hasMore"),
      };
    case "history": {
      const messages = messagesOf(fields.list("messages"));
      return { type, tag: fields.optionalText("tag"), room: fields.text("room"), messages };
    }
    case "sent":
      return { type, tag: fields.optionalText("tag") };
    case "notice":
      return { type, tag: fields.optionalText("tag"), text: fields.text("text") };
    case "error":
      return { type, tag: fields.optionalText("tag"), message: fields.text("message") };
    default: {
      const event = eventOf(type, fields);
      return event === undefined ? undefined : { type: "event", event };
    }
  }
}

function eventOf(type: string, fields: Fields): ChatEvent | undefined {
  switch (type) {
    case "message":
      return messageOf(fields);
    case "joined":
      return { type, name: fields.text("name"), room: fields.text("room") };
    case "left": {
      const said = fields.text("reason");
      const reason = REASONS.find((each) => each === said) ?? "gone";
      return { type, name: fields.text("name"), room: fields.text("room"), reason };
    }
    case "renamed":
      return { type, room: fields.optionalText("room") ?? "", from: fields.text("from"), name: fields.text("name") };
    case "topic":
      return { type, room: fields.text("room"), by: fields.text("by"), text: fields.text("text") };
    case "private":
      return { type, from: fields.text("from"), text: fields.text("text") };
    default:
      return undefined;
  }
}

function messagesOf(list: readonly unknown[]): readonly ChatMessage[] {
  return list.map((each) => messageOf(new Fields(each)));
}

function messageOf(fields: Fields): ChatMessage {
  return {
    type: "message",
    id: fields.number("id"),
    room: fields.text("room"),
    timeMs: fields.number("time"),
    from: fields.text("from"),
    kind: fields.text("kind") === "me" ? "me" : "say",
    text: fields.text("text"),
  };
}

/** The fields of an object from an untrusted peer. */
class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== "object" || value === null) throw new SyntaxError("it is not an object");
    this.#fields = new Map(Object.entries(value));
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    if (typeof value !== "string") throw new SyntaxError(`its ${name} is not a string`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.#fields.has(name) ? this.text(name) : undefined;
  }

  isTrue(name: string): boolean {
    return this.#fields.get(name) === true;
  }

  number(name: string): number {
    const value = this.#fields.get(name);
    if (typeof value !== "number") throw new SyntaxError(`its ${name} is not a number`);
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.#fields.get(name);
    if (!Array.isArray(value)) throw new SyntaxError(`its ${name} is not a list`);
    return value;
  }
}
