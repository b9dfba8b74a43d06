import type { ChatEvent } from "./chat-event.ts";

/** Why a hub removes a member. `replaced`: another connection took the name over with its token. */
export type RemovalReason = "kicked" | "banned" | "replaced" | "stopped";

/** The receiver of a member's events, implemented by an endpoint. Its methods must neither throw nor block. */
export interface ChatListener {
  /** Receives an event. Messages arrive in the order of their ids. */
  receive(event: ChatEvent): void;
  /** Called once when the hub ends the membership; no event follows. */
  endMembership(reason: RemovalReason): void;
}
