import type { ChatEvent, ChatMessage } from "./chat-event.ts";
import type { MessageJson, ServerMessage } from "./server-message.ts";

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
