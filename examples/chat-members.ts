// The members of a chat room and their write buffers: see chat-room.ts.
import type { Socket } from "sockwright";

const MAX_UNREAD_BYTES = 65_536; // unsent data of a slow member; beyond it, it is dropped

export class Room {
  readonly #members = new Map<string, { readonly peer: Socket; unreadBytes: number }>();

  /** Returns false when the name is invalid or taken. */
  join(name: string, peer: Socket): boolean {
    if (!/^[\p{L}\p{N}]{1,20}$/u.test(name) || this.#members.has(name)) return false;
    const others = [...this.#members.keys()].join(", ");
    this.#members.set(name, { peer, unreadBytes: 0 });
    peer.settimeout(null); // a member may listen for any time
    this.#send(name, `* Here: ${others === "" ? "nobody else" : others}`);
    this.say(name, `* ${name} has joined`);
    return true;
  }

  leave(name: string): void {
    if (this.#members.delete(name)) this.say(name, `* ${name} has left`);
  }

  say(speaker: string, line: string): void {
    console.log(line);
    for (const name of this.#members.keys()) if (name !== speaker) this.#send(name, line);
  }

  #send(name: string, line: string): void {
    const member = this.#members.get(name);
    if (member === undefined || member.peer.closed) return;
    const length = Buffer.byteLength(line) + 1;
    const sent = (): number => (member.unreadBytes -= length);
    member.peer.sendall(`${line}\n`).then(sent, sent); // the member's next read tells a failure
    member.unreadBytes += length;
    if (member.unreadBytes <= MAX_UNREAD_BYTES) return;
    console.log(`* ${name} reads too slowly and is dropped`);
    member.peer.close();
  }
}
