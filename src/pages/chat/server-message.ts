/** What the WebSocket of the chat says. */
export interface RoomMessage {
  readonly type: "message";
  readonly id: number;
  readonly room: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly from: string;
  readonly kind: "say" | "me";
  readonly text: string;
}

export interface WelcomeMessage {
  readonly type: "welcome";
  readonly name: string;
  readonly token: string;
  readonly room: string;
  readonly topic: string;
  readonly members: readonly string[];
  readonly history: readonly RoomMessage[];
  /** Between what was asked for and the first of the history there is more. */
  readonly hasMore: boolean;
}

export type ServerMessage =
  | WelcomeMessage
  | { readonly type: "sent"; readonly id: number; readonly tag?: string; readonly time: number }
  | RoomMessage
  | { readonly type: "joined"; readonly name: string; readonly room: string }
  | { readonly type: "left"; readonly name: string; readonly room: string; readonly reason: string }
  | { readonly type: "renamed"; readonly from: string; readonly name: string }
  | { readonly type: "topic"; readonly room: string; readonly by: string; readonly text: string }
  | { readonly type: "private"; readonly from: string; readonly text: string }
  | { readonly type: "notice"; readonly tag?: string; readonly text: string }
  | {
      readonly type: "history";
      readonly tag?: string;
      readonly room: string;
      readonly messages: readonly RoomMessage[];
    }
  | { readonly type: "error"; readonly code: string; readonly tag?: string; readonly message: string };

/** A room of the list. */
export interface RoomInfo {
  readonly name: string;
  readonly members: number;
  readonly hasKey: boolean;
}
