import { COMMAND_NAMES } from "../../services/chat/commands.ts";
import { parseName } from "../../services/chat/name.ts";

/** The most names to remember; further names are not completed. A room has at most 10 000 members by default. */
export const MAX_KNOWN_NAMES = 10_000;

/** The members of the room and the client's own name, learned from notices. No message of a member begins like a notice. */
export class Roster {
  #names = new Set<string>();
  /** The client's own name. */
  name: string | undefined;
  room: string | undefined;

  /** Learns from a received line. */
  update(line: string): void {
    const [, notice] = /^-- (.*)$/s.exec(line) ?? [];
    if (notice === undefined) return;
    const [, name, room, others] = /^You are (\S+) in (\S+?)(?:, alone| with (.*))\.$/.exec(notice) ?? [];
    if (name !== undefined) {
      this.name = name;
      this.room = room;
      this.#set(others ?? "");
      return;
    }
    const [, renamed] = /^You are (\S+)\.$/.exec(notice) ?? [];
    if (renamed !== undefined) this.name = renamed;
    const [, joined] = /^(\S+) joined \S+$/.exec(notice) ?? [];
    if (joined !== undefined) this.#add(joined);
    const [, left] = /^(\S+) left \S+ \([a-z ]+\)$/.exec(notice) ?? [];
    if (left !== undefined) this.#names.delete(left);
    const [, before, after] = /^(\S+) is now (\S+)$/.exec(notice) ?? [];
    if (before !== undefined && after !== undefined) {
      this.#names.delete(before);
      this.#add(after);
    }
    const [, listed, members] = /^(\S+): (.*)$/.exec(notice) ?? [];
    if (members !== undefined && listed === this.room) this.#set(members);
  }

  /** The names of the other members, sorted. */
  others(): readonly string[] {
    return [...this.#names].filter((name) => name !== this.name).sort();
  }

  /** A completer for node:readline: returns the completions of the last word, and that word. */
  complete(line: string): [string[], string] {
    const word = /\S*$/.exec(line)?.[0] ?? "";
    const isFirst = word.length === line.length;
    if (isFirst && word.startsWith("/")) {
      return [COMMAND_NAMES.filter((command) => command.startsWith(word)).map((command) => `${command} `), word];
    }
    const begun = word.toLowerCase();
    const end = isFirst ? ": " : " ";
    const names = this.others().filter((name) => name.toLowerCase().startsWith(begun));
    return [names.map((name) => name + end), word];
  }

  #set(list: string): void {
    this.#names.clear();
    for (const name of list.split(", ")) this.#add(name);
  }

  #add(name: string): void {
    // Completions are written to the terminal unescaped, so only valid names are kept. This also drops the number at the end of a long list.
    if (this.#names.size < MAX_KNOWN_NAMES && parseName(name) !== undefined) this.#names.add(name);
  }
}
