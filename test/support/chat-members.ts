// A hub in memory, and members that record the messages they receive.
import { onTestFinished } from "vitest";
import type { ChatEvent } from "../../src/services/chat/chat-event.ts";
import type { ChatMember, JoinRequest, Welcome } from "../../src/services/chat/chat-hub.ts";
import type { ChatListener, RemovalReason } from "../../src/services/chat/chat-listener.ts";
import type { ChatHistory } from "../../src/services/chat/history.ts";
import { type HubOptions, LocalHub } from "../../src/services/chat/local-hub.ts";
import { MemoryHistory } from "../../src/services/chat/memory-history.ts";
import { manualClock } from "../../src/testing.ts";

class Listener implements ChatListener {
  readonly events: ChatEvent[] = [];
  reason: RemovalReason | undefined;

  receive(event: ChatEvent): void {
    this.events.push(event);
  }

  endMembership(reason: RemovalReason): void {
    this.reason = reason;
  }

  /** The messages received since the last call, in short form. */
  take(): readonly string[] {
    return this.events.splice(0).map(inShort);
  }
}

function inShort(event: ChatEvent): string {
  switch (event.type) {
    case "message":
      return `${event.id} ${event.room} ${event.from}: ${event.kind === "me" ? "*" : ""}${event.text}`;
    case "joined":
      return `${event.name} joined ${event.room}`;
    case "left":
      return `${event.name} left ${event.room} (${event.reason})`;
    case "renamed":
      return `${event.from} is now ${event.name}`;
    case "topic":
      return `topic of ${event.room} by ${event.by}: ${event.text}`;
    case "private":
      return `[${event.from}] ${event.text}`;
    default:
      return event satisfies never;
  }
}

/** A member of a room. */
export interface Somebody extends Welcome {
  readonly listener: Listener;
  readonly member: ChatMember;
}

export class TestHub {
  readonly clock = manualClock();
  readonly errors: unknown[] = [];
  readonly hub: LocalHub;

  constructor(history: ChatHistory = new MemoryHistory(), options: Partial<HubOptions> = {}) {
    this.hub = new LocalHub(history, {
      rate: { perSecond: 5, burst: 200 },
      maxMessageBytes: 4_096,
      maxMembers: 10_000,
      maxRooms: 1_000,
      maxConnectionsPerAddress: 10,
      retainMs: undefined,
      clock: this.clock,
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  async join(name: string, room = "lobby", more: Partial<JoinRequest> = {}): Promise<Somebody> {
    const listener = new Listener();
    const welcome = await this.hub.join({ name, room, address: undefined, ...more }, listener);
    return { ...welcome, listener };
  }
}

export async function startedHub(history?: ChatHistory, options?: Partial<HubOptions>): Promise<TestHub> {
  const own = new TestHub(history, options);
  await own.hub.start();
  onTestFinished(() => own.hub.stop());
  return own;
}
