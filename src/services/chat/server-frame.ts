import type { ChatEvent, ChatMessage } from "./chat-event.ts";
import type { MessageJson, ServerMessage } from "./server-message.ts";

/** FIN and the opcode of text: a whole text message in one frame, RFC 6455, section 5.2. */
const FIN_AND_TEXT = 0x81;
/** Longest payload whose length fits into the second header byte; above it, the length takes two more bytes. */
const MAX_LENGTH_IN_HEAD = 125;
/** Longest payload whose length fits into two bytes; above it, the length takes eight. */
const MAX_LENGTH_IN_TWO = 0xffff;

/** An estimate of the bytes of a JSON message in addition to its text. */
const MESSAGE_OVERHEAD_BYTES = 512;

/** Encodes a message as a frame. The bytes are the same for all clients: a server does not mask, RFC 6455, section 5.1. */
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

/** Returns the newest messages that together have at most about `maxBytes` bytes. */
export function fitMessages(messages: readonly ChatMessage[], maxBytes: number): readonly MessageJson[] {
  let bytes = 0;
  let first = messages.length;
  while (first > 0) {
    bytes += Buffer.byteLength(messages[first - 1]?.text ?? "") + MESSAGE_OVERHEAD_BYTES;
    if (bytes > maxBytes) break;
    first--;
  }
  return messages.slice(first).map(messageJson);
}

/** Encodes events as frames, each once for all members that receive it. */
export class EventFrames {
  readonly #frames = new WeakMap<ChatEvent, Buffer>();

  frameOf(event: ChatEvent): Buffer {
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
