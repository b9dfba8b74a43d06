import type { ChatEvent, ChatMessage } from "./chat-event.ts";
import type { ChatMember, Welcome } from "./chat-hub.ts";
import type { RemovalReason } from "./chat-listener.ts";
import { nameList } from "./name-list.ts";

export const GREETING = notice("Welcome to sockwright chat. What is your name?");
export const FAREWELL = notice("Bye.");
export const TOO_LATE = notice("You took too long to say your name. Bye.");
export const NOT_UTF8 = notice("Not sent: it is not UTF-8.");

/** Formats a line of the server itself: no text of a member can begin a line with `-- `. */
export function notice(text: string): string {
  return `-- ${text}`;
}

export function tooLongLine(maxBytes: number): string {
  return notice(`Not sent: longer than ${maxBytes} bytes.`);
}

/** Formats an event as the line that all members get. A renamed member itself gets `ownNameLine` instead. */
export function lineOf(event: ChatEvent): string {
  switch (event.type) {
    case "message":
      return messageLine(event);
    case "private":
      return `[${event.from}] ${event.text}`;
    case "joined":
      return notice(`${event.name} joined ${event.room}`);
    case "left":
      return notice(`${event.name} left ${event.room} (${event.reason})`);
    case "renamed":
      return notice(`${event.from} is now ${event.name}`);
    case "topic":
      if (event.text === "") return notice(`${event.by} took the topic of ${event.room} away`);
      return notice(`${event.by} set the topic of ${event.room}: ${event.text}`);
    default:
      return event satisfies never;
  }
}

function messageLine({ from, kind, text }: ChatMessage): string {
  return kind === "me" ? `* ${from} ${text}` : `<${from}> ${text}`;
}

export function ownNameLine(name: string): string {
  return notice(`You are ${name}.`);
}

/** The parts of a welcome that its lines show. */
type Arrival = Pick<Welcome, "members" | "topic"> &
  Partial<Pick<Welcome, "history">> & { readonly member: Pick<ChatMember, "name" | "room"> };

/** Returns the lines that tell a new member its name, its room, the other members and the topic. */
export function welcomeLines({ member, members, topic }: Arrival): readonly string[] {
  const others = members.filter((name) => name !== member.name);
  const company = others.length === 0 ? ", alone" : ` with ${nameList(others)}`;
  const lines = [notice(`You are ${member.name} in ${member.room}${company}.`)];
  return topic === "" ? lines : [...lines, notice(`The topic of ${member.room}: ${topic}`)];
}

/** Returns the lines of the history, the newest that fit into `maxBytes`; empty if there are none. */
export function historyLines(room: string, messages: readonly ChatMessage[], maxBytes: number): readonly string[] {
  const lines: string[] = [];
  let bytes = 0;
  for (const message of messages.toReversed()) {
    const line = `[${clockTime(message.timeMs)}] ${messageLine(message)}`;
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > maxBytes) break;
    lines.unshift(line);
  }
  if (lines.length === 0) return [];
  const count = lines.length === 1 ? "1 message" : `${lines.length} messages`;
  return [notice(`The last ${count} of ${room}:`), ...lines, notice("Now:")];
}

export function removalLine(reason: RemovalReason, room: string): string {
  switch (reason) {
    case "kicked":
      return notice(`You were kicked from ${room}. Bye.`);
    case "banned":
      return notice(`You are banned from ${room}. Bye.`);
    case "replaced":
      return notice("Your name is used from another connection now. Bye.");
    case "stopped":
      return notice("The chat is closed. Bye.");
    default:
      return reason satisfies never;
  }
}

/** In the time zone of the server. */
function clockTime(timeMs: number): string {
  return new Date(timeMs).toTimeString().slice(0, 8);
}
