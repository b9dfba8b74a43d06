import type { ChatErrorCode } from "./chat-error.ts";
import type { ChatEvent, ChatMessage, LeaveReason } from "./chat-event.ts";

/** A message of a room, as JSON has it. */
export interface MessageJson {
  readonly type: "message";
  readonly id: number;
  readonly room: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly from: string;
  readonly kind: "say" | "me";
  readonly text: string;
}

/** What a client of the WebSocket door is sent. */
export type ServerMessage =
  | {
      readonly type: "welcome";
      readonly name: string;
      /** Another connection takes the name over with it. */
      readonly token: string;
      readonly room: string;
      readonly topic: string;
      readonly members: readonly string[];
      readonly history: readonly MessageJson[];
      /** There may be more between what was asked for and the first of the history. */
      readonly hasMore: boolean;
    }
  | { readonly type: "sent"; readonly id: number; readonly tag: string | undefined; readonly time: number }
  | MessageJson
  | { readonly type: "joined"; readonly name: string; readonly room: string }
  | { readonly type: "left"; readonly name: string; readonly room: string; readonly reason: LeaveReason }
  | { readonly type: "renamed"; readonly from: string; readonly name: string }
  | { readonly type: "topic"; readonly room: string; readonly by: string; readonly text: string }
  | { readonly type: "private"; readonly from: string; readonly text: string }
  /** What a command answers, a line or several; none where it is done, and what follows says it all. */
  | { readonly type: "notice"; readonly tag: string | undefined; readonly text: string }
  | {
      readonly type: "history";
      readonly tag: string | undefined;
      readonly room: string;
      readonly messages: readonly MessageJson[];
    }
  | {
      readonly type: "error";
      readonly code: ChatErrorCode | "BAD_FRAME";
      readonly tag: string | undefined;
      readonly message: string;
    };

/** RFC 6455, section 5.2: the last frame of a text. */
const FIN_AND_TEXT = 0x81;
/** Lengths above have two bytes of their own. */
const MAX_LENGTH_IN_HEAD = 125;
/** Lengths above have eight. */
const MAX_LENGTH_IN_TWO = 0xffff;

/** What a message has besides its text, at most about. */
const MESSAGE_OVERHEAD_BYTES = 512;

/** A message as the bytes of its frame, which are the same for all clients: a server masks nothing, RFC 6455, section 5.1. */
export function textFrame(message: ServerMessage): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  const headBytes = length <= MAX_LENGTH_IN_HEAD ? 2 : length <= MAX_LENGTH_IN_TWO ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = FIN_AND_TEXT;
  if (headBytes === 2) {
    frame[1] = length;
  } else if (headBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headBytes);
  return frame;
}

export function messageJson({ id, room, timeMs, from, kind, text }: ChatMessage): MessageJson {
  return { type: "message", id, room, time: timeMs, from, kind, text };
}

/** The newest messages that have no more than so many bytes together, about. */
export function fitting(messages: readonly ChatMessage[], maxBytes: number): readonly MessageJson[] {
  let bytes = 0;
  let first = messages.length;
  while (first > 0) {
    bytes += Buffer.byteLength(messages[first - 1]?.text ?? "") + MESSAGE_OVERHEAD_BYTES;
    if (bytes > maxBytes) break;
    first--;
  }
  return messages.slice(first).map(messageJson);
}

/** The frames of events: each is made once, however many members hear it. */
export class EventFrames {
  readonly #frames = new WeakMap<ChatEvent, Buffer>();

  of(event: ChatEvent): Buffer {
    let frame = this.#frames.get(event);
    if (frame === undefined) {
      frame = textFrame(eventMessage(event));
      this.#frames.set(event, frame);
    }
    return frame;
  }
}

function eventMessage(event: ChatEvent): ServerMessage {
  switch (event.type) {
    case "message":
      return messageJson(event);
    case "renamed":
      return { type: event.type, from: event.from, name: event.name };
    case "joined":
    case "left":
    case "topic":
    case "private":
      return event;
  }
}
