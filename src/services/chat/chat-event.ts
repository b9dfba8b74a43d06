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
  /** The hub has escaped all control characters and characters that change the direction of text. */
  readonly text: string;
}

/**
 * An event that a member of a room receives. A member receives its own messages and renames, but not its own joining and leaving.
 * All members receive the same object, so that an endpoint may cache its encoding by identity.
 */
export type ChatEvent =
  | ChatMessage
  | { readonly type: "joined"; readonly name: string; readonly room: string }
  | { readonly type: "left"; readonly name: string; readonly room: string; readonly reason: LeaveReason }
  | { readonly type: "renamed"; readonly room: string; readonly from: string; readonly name: string }
  | { readonly type: "topic"; readonly room: string; readonly by: string; readonly text: string }
  | { readonly type: "private"; readonly from: string; readonly text: string };
