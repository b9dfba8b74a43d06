import { CommandError, exitCodes } from "./command-error.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** What `chat --listen` is told. */
export interface ChatServerOptions {
  readonly listen: readonly string[];
  readonly history?: string | undefined;
  readonly memory?: boolean | undefined;
  readonly retainMs?: number | undefined;
  readonly messageRate?: number | undefined;
  readonly messageBurst?: number | undefined;
  readonly maxMessageBytes?: number | undefined;
  readonly maxSendQueueBytes?: number | undefined;
  readonly maxMembers?: number | undefined;
  readonly maxRooms?: number | undefined;
  readonly graceMs: number;
  readonly json: boolean;
}

/** `sockwright chat --listen URL…`; settles when it has been stopped, with the exit code. */
export async function runChatServer(_options: ChatServerOptions, _streams: StandardStreams): Promise<number> {
  throw new CommandError("no chat is hosted yet: join one with --join", exitCodes.usage);
}
