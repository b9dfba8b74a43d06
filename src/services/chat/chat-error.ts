/** The reason for which a hub refuses a call. */
export type ChatErrorCode =
  | "BAD_KEY"
  | "BAD_NAME"
  | "BAD_ROOM"
  | "BAD_TEXT"
  | "BANNED"
  | "FULL"
  | "MUTED"
  | "NAME_TAKEN"
  | "NOT_JOINED"
  | "NOT_OPERATOR"
  | "NO_SUCH_MEMBER"
  | "TOO_LONG"
  | "UNAVAILABLE";

/** The error of a call that a {@link ChatMember} or a hub refuses. Its message is for the person who made the call. */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ChatErrorCode;

  constructor(code: ChatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
