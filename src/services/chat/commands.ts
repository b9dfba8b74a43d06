import { ChatError } from "./chat-error.ts";
import type { ChatMessage } from "./chat-event.ts";
import type { ChatMember, Receipt, RoomInfo, SayOptions, Welcome } from "./chat-hub.ts";
import { escapeText } from "./escape-text.ts";
import { LOBBY } from "./name.ts";
import { limitList, MAX_LISTED_ROOMS, nameList } from "./name-list.ts";

/** Limits the characters of an unknown command that the error notice repeats; it omits the rest. */
const MAX_SHOWN_COMMAND = 32;

/** The result of a line that a member typed. */
export type LineOutcome =
  /** The receipt may reject with a ChatError; the caller awaits it. */
  | { readonly type: "said"; readonly receipt: Promise<Receipt> }
  /** Lines for the member alone; none if the event that follows is answer enough. */
  | { readonly type: "notices"; readonly notices: readonly string[] }
  | { readonly type: "moved"; readonly welcome: Welcome }
  | { readonly type: "history"; readonly messages: readonly ChatMessage[] }
  | { readonly type: "quit" };

/** `tag` is the tag of the message that the command sends. */
type Run = (member: ChatMember, text: string, tag: string | undefined) => Promise<LineOutcome> | LineOutcome;

interface Command {
  readonly form: string;
  readonly help: string;
  readonly run: Run;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  "/join": {
    form: "/join ROOM [KEY]",
    help: "goes to another room; the first one there sets its key",
    run: withName(async (member, room, key) => moveOutcome(await member.move(room, key === "" ? undefined : key))),
  },
  "/leave": {
    form: "/leave",
    help: "goes back to the lobby",
    run: async (member) => moveOutcome(await member.move(LOBBY)),
  },
  "/who": { form: "/who", help: "shows who is in the room", run: who },
  "/rooms": {
    form: "/rooms",
    help: "shows all rooms",
    run: async (member) => notices(...roomList(await member.rooms())),
  },
  "/msg": {
    form: "/msg NAME TEXT",
    help: "says something to one member alone",
    run: withName(async (member, name, text) => {
      await member.sayTo(name, text);
      return notices(`Sent to ${name}.`);
    }, "text"),
  },
  "/me": {
    form: "/me TEXT",
    help: "says what you do",
    run: withText((member, text, tag) => say(member, text, "me", tag)),
  },
  "/history": {
    form: "/history [NUMBER]",
    help: "shows the last messages, up to 1000",
    run: async (member, text) => ({ type: "history", messages: await member.history({ limit: limitOf(text) }) }),
  },
  "/nick": {
    form: "/nick NAME",
    help: "takes another name",
    run: withName(withoutNotice((member, name) => member.rename(name))),
  },
  "/topic": {
    form: "/topic [TEXT]",
    help: "sets what the room is about; without TEXT, removes that",
    run: withoutNotice((member, text) => member.setTopic(text)),
  },
  "/kick": {
    form: "/kick NAME",
    help: "removes a member from the room",
    run: withName(withoutNotice((member, name) => member.kick(name))),
  },
  "/mute": {
    form: "/mute NAME",
    help: "stops a member from sending messages",
    run: withName(withNotice((member, name) => member.mute(name), "is muted")),
  },
  "/unmute": {
    form: "/unmute NAME",
    help: "lets a member send messages again",
    run: withName(withNotice((member, name) => member.unmute(name), "is not muted")),
  },
  "/ban": {
    form: "/ban NAME",
    help: "removes a member and keeps it out; also a member that has left",
    run: withName(async (member, name) => ((await member.ban(name)) ? notices() : notices(`${name} is banned.`))),
  },
  "/help": { form: "/help", help: "shows this", run: () => notices(...HELP) },
  "/quit": { form: "/quit", help: "leaves the chat", run: () => ({ type: "quit" }) },
};

const FORM_WIDTH = Math.max(...Object.values(COMMANDS).map(({ form }) => form.length));
const HELP = [
  ...Object.values(COMMANDS).map(({ form, help }) => `${form.padEnd(FORM_WIDTH)}  ${help}`),
  `${"//TEXT".padEnd(FORM_WIDTH)}  says /TEXT`,
];

/** The names of all commands, for completion. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/**
 * Executes a line that a member typed: a line that begins with `/` is a command, any other is a message. A refusal by the hub becomes a notice.
 *
 * @param line - not empty.
 * @param tag - the tag of the message: see {@link SayOptions}.
 */
export async function executeLine(member: ChatMember, line: string, tag?: string): Promise<LineOutcome> {
  if (!isCommand(line)) return say(member, line.startsWith("/") ? line.slice(1) : line, "say", tag);
  const [name, rest] = firstWord(line);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const shown = escapeText([...name].slice(0, MAX_SHOWN_COMMAND).join(""));
    return notices(`No command ${shown}: /help lists them.`);
  }
  try {
    return await command.run(member, rest, tag);
  } catch (error) {
    if (error instanceof UsageError) return notices(`It is ${command.form}.`);
    if (error instanceof ChatError) return notices(error.message);
    throw error;
  }
}

/** Whether a line is a command. */
export function isCommand(line: string): boolean {
  return line.startsWith("/") && !line.startsWith("//");
}

/** A command lacks an argument, or has an invalid one. */
class UsageError extends Error {}

function say(member: ChatMember, text: string, kind: ChatMessage["kind"], tag: string | undefined): LineOutcome {
  return { type: "said", receipt: member.say(text, { kind, tag }) };
}

function notices(...lines: readonly string[]): LineOutcome {
  return { type: "notices", notices: lines };
}

function moveOutcome(welcome: Welcome): LineOutcome {
  return { type: "moved", welcome };
}

function withText(run: Run): Run {
  return (member, text, tag) => {
    if (text === "") throw new UsageError();
    return run(member, text, tag);
  };
}

/** Parses a name and the text after it, which may be empty unless it is needed. */
function withName(
  run: (member: ChatMember, name: string, rest: string) => Promise<LineOutcome>,
  needs: "name" | "text" = "name",
): Run {
  return (member, text) => {
    const [name, rest] = firstWord(text);
    if (name === "" || (needs === "text" && rest === "")) throw new UsageError();
    return run(member, name, rest);
  };
}

/** Runs a command without a notice: all members receive its event, the author included. */
function withoutNotice(run: (member: ChatMember, text: string) => Promise<void>) {
  return async (member: ChatMember, text: string): Promise<LineOutcome> => {
    await run(member, text);
    return notices();
  };
}

function withNotice(run: (member: ChatMember, name: string) => Promise<void>, what: string) {
  return async (member: ChatMember, name: string): Promise<LineOutcome> => {
    await run(member, name);
    return notices(`${name} ${what}.`);
  };
}

async function who(member: ChatMember): Promise<LineOutcome> {
  return notices(`${member.room}: ${nameList(await member.listMembers())}`);
}

function roomList(rooms: readonly RoomInfo[]): readonly string[] {
  const lines = rooms.map(
    ({ name, members, hasKey }) =>
      `${name}: ${members} ${members === 1 ? "member" : "members"}${hasKey ? ", with a key" : ""}`,
  );
  return limitList(lines, MAX_LISTED_ROOMS);
}

function limitOf(text: string): number | undefined {
  if (text === "") return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw new UsageError();
  return Number(text);
}

function firstWord(text: string): readonly [string, string] {
  const [, word = "", rest = ""] = /^(\S*)\s*(.*)$/su.exec(text) ?? [];
  return [word, rest];
}
