/** Why a hub refuses a call. */
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

/** A call of a {@link ChatMember} or a hub that was refused. The message is for the person who caused it. */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ChatErrorCode;

  constructor(code: ChatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
