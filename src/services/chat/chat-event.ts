/** Why a member has left a room. */
export type LeaveReason = "quit" | "gone" | "moved" | "too slow" | "kicked";

/** A message of a room. */
export interface ChatMessage {
  readonly type: "message";
  /** A positive integer that grows over the whole hub. */
  readonly id: number;
  readonly room: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly from: string;
  readonly kind: "say" | "me";
  /** Without any character that could be something other than text: the hub has escaped them. */
  readonly text: string;
}

/** What a member of a room hears: not of its own coming and going, but of its own messages and its own new name. The objects of one event are the same for all of them: a door may keep its form by it. */
export type ChatEvent =
  | ChatMessage
  | { readonly type: "joined"; readonly name: string; readonly room: string }
  | { readonly type: "left"; readonly name: string; readonly room: string; readonly reason: LeaveReason }
  | { readonly type: "renamed"; readonly room: string; readonly from: string; readonly name: string }
  | { readonly type: "topic"; readonly room: string; readonly by: string; readonly text: string }
  | { readonly type: "private"; readonly from: string; readonly text: string };
