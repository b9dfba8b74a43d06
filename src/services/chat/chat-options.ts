import { age, bytes, count, hook, ms, perSecond, text } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import { HOSTS_OPTION } from "../page-access.ts";

/** The value of `history` that keeps messages in memory, until the process ends. */
export const MEMORY = "memory";
/** The default of `messageRate`: calls per second that a member may make on average; beyond it, the server pauses reading from it. */
const DEFAULT_MESSAGES_PER_SECOND = 5;
/** The default of `messageBurst`: calls that an idle member may make at once; beyond it, `messageRate` applies. */
const DEFAULT_MESSAGE_BURST = 200;
/** The default of `maxMessageBytes`: the longest message; the server refuses a longer one. */
const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024;
/** The largest value of `maxMessageBytes`: such a message still fits into a WebSocket frame; the option rejects more. */
const MAX_MESSAGE_BYTES = 32 * 1024;
/** The default of `maxSendQueueBytes`: data that waits to be sent to one member; beyond it, the server aborts its connection. */
export const DEFAULT_MAX_SEND_QUEUE_BYTES = 1024 * 1024;
/** The smallest value of `maxSendQueueBytes`; the option rejects less. */
const MIN_SEND_QUEUE_BYTES = 64 * 1024;
/** The default of `maxMembers`: members of all rooms together; beyond it, a join fails with FULL. */
const DEFAULT_MAX_MEMBERS = 10_000;
/** The default of `maxRooms`: rooms that have members; beyond it, a join that would create a room fails with FULL. */
const DEFAULT_MAX_ROOMS = 1_000;
/** The default of `maxConnectionsPerAddress`: members with one address, except loopback; beyond it, a join fails with FULL. */
const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 10;
/** The default of `nameTimeoutMs`: how long a connection may stay without a name; then the server closes it. */
export const DEFAULT_NAME_TIMEOUT_MS = 60_000;

/** The options of a chat. */
export interface ChatOptions {
  /** The path of the history file, or `"memory"`. Default `$STATE_DIRECTORY/chat.db`, else `$XDG_STATE_HOME/sockwright/chat.db`. */
  readonly history?: string | undefined;
  /** How long the history keeps messages, in ms, 1 or more. Default for ever; a history in memory keeps only the newest messages. */
  readonly retainMs?: number | undefined;
  /** Calls per second that a member may make on average. The server pauses reading from a member that is faster. Default 5. */
  readonly messageRate?: number | undefined;
  /** Calls that a member may make at once after it was idle. 1 or more; default 200. */
  readonly messageBurst?: number | undefined;
  /** The longest message, in bytes; the server refuses a longer one. 1 to 32 768; default 4 096. */
  readonly maxMessageBytes?: number | undefined;
  /** Bytes that may wait to be sent to one member; beyond it, the server aborts the connection. 65 536 or more; default 1 MiB. */
  readonly maxSendQueueBytes?: number | undefined;
  /** Members of all rooms together. 1 or more; default 10 000. */
  readonly maxMembers?: number | undefined;
  /** Rooms that have members. 1 or more; default 1 000. */
  readonly maxRooms?: number | undefined;
  /** Members with one address; loopback has no such limit. 1 or more; default 10. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** How long a connection may stay without a name before the server closes it, in ms, 1 or more. Default 60 000. */
  readonly nameTimeoutMs?: number | undefined;
  /**
   * Host names under which browsers may request the page, in addition to the listener's address and loopback names:
   * `chat.example.org`, or `https://chat.example.org` behind a proxy that terminates TLS. At most 100.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Called with the error when the history fails. The chat refuses the messages concerned. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Checks and defaults of {@link ChatOptions}, also for options from a file or a command line. */
export const CHAT_OPTIONS = optionTable({
  history: text(),
  retainMs: age(),
  messageRate: perSecond({ default: DEFAULT_MESSAGES_PER_SECOND }),
  messageBurst: count({ default: DEFAULT_MESSAGE_BURST }),
  maxMessageBytes: bytes({ max: MAX_MESSAGE_BYTES, default: DEFAULT_MAX_MESSAGE_BYTES }),
  maxSendQueueBytes: bytes({ min: MIN_SEND_QUEUE_BYTES, default: DEFAULT_MAX_SEND_QUEUE_BYTES }),
  maxMembers: count({ default: DEFAULT_MAX_MEMBERS }),
  maxRooms: count({ default: DEFAULT_MAX_ROOMS }),
  maxConnectionsPerAddress: count({ default: DEFAULT_MAX_CONNECTIONS_PER_ADDRESS }),
  nameTimeoutMs: ms({ default: DEFAULT_NAME_TIMEOUT_MS }),
  hosts: HOSTS_OPTION,
  onError: hook<NonNullable<ChatOptions["onError"]>>(),
} satisfies OptionKindsOf<ChatOptions>);

/** The checked options, with defaults filled in. */
export type ChatSettings = OptionValues<(typeof CHAT_OPTIONS)["kinds"]>;
