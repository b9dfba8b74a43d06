import type { ChatErrorCode } from "./chat-error.ts";
import type { LeaveReason } from "./chat-event.ts";

/** A message of a room in its JSON form. */
export interface MessageJson {
  readonly type: "message";
  readonly id: number;
  readonly room: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly from: string;
  readonly kind: "say" | "me";
  readonly text: string;
}

/** The answer to a join. */
export interface WelcomeMessage {
  readonly type: "welcome";
  readonly name: string;
  /** The token with which another connection can take the name over. */
  readonly token: string;
  readonly room: string;
  readonly topic: string;
  readonly members: readonly string[];
  readonly history: readonly MessageJson[];
  /** Whether there may be more messages before the first of `history`. */
  readonly hasMore: boolean;
}

/** A message that the server sends over the WebSocket. */
export type ServerMessage =
  | WelcomeMessage
  | { readonly type: "sent"; readonly id: number; readonly tag: string | undefined; readonly time: number }
  | MessageJson
  | { readonly type: "joined"; readonly name: string; readonly room: string }
  | { readonly type: "left"; readonly name: string; readonly room: string; readonly reason: LeaveReason }
  | { readonly type: "renamed"; readonly from: string; readonly name: string }
  | { readonly type: "topic"; readonly room: string; readonly by: string; readonly text: string }
  | { readonly type: "private"; readonly from: string; readonly text: string }
  /** The answer to a command, one line or several; empty if the command needs no answer. */
  | { readonly type: "notice"; readonly tag: string | undefined; readonly text: string }
  | {
      readonly type: "history";
      readonly tag: string | undefined;
      readonly room: string;
      readonly messages: readonly MessageJson[];
    }
  | {
      readonly type: "error";
      readonly code: ChatErrorCode | "BAD_FRAME";
      readonly tag: string | undefined;
      readonly message: string;
    };
