import type { ChatEvent } from "./chat-event.ts";

/** Why a hub puts a member out. `replaced`: the name was taken by its token, from another connection. */
export type PutOutReason = "kicked" | "banned" | "replaced" | "stopped";

/** The end of a door at a hub: what a member hears. It must neither throw nor wait. */
export interface ChatListener {
  /** Messages come in the order of their ids. */
  hear(event: ChatEvent): void;
  /** The membership is over, and nothing more is heard. */
  putOut(reason: PutOutReason): void;
}
