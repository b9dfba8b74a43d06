import { age, bytes, count, hook, ms, perSecond, text } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import { HOSTS_OPTION } from "../page-access.ts";

/** The history that ends with the process. */
export const MEMORY = "memory";
/** Messages that a member may send per second, in the long run. */
const DEFAULT_MESSAGES_PER_SECOND = 5;
/** Messages that a member may send at once after a rest. */
const DEFAULT_MESSAGE_BURST = 200;
/** The longest message. */
const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024;
/** The most that can be set for it: a frame of a browser holds it. */
const MAX_MESSAGE_BYTES = 32 * 1024;
/** What waits for one member before it is cut off. */
export const DEFAULT_MAX_SEND_QUEUE_BYTES = 1024 * 1024;
/** The least that can be set for it. */
const MIN_SEND_QUEUE_BYTES = 64 * 1024;
/** Members of all rooms together, with one name each. */
const DEFAULT_MAX_MEMBERS = 10_000;
/** Rooms with a member in them. */
const DEFAULT_MAX_ROOMS = 1_000;
/** Members with one address; loopback has no such limit. */
const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 10;
/** How long a connection may be without a name. */
export const DEFAULT_NAME_TIMEOUT_MS = 60_000;

/** How a chat is. */
export interface ChatOptions {
  /** The file of the history, or `"memory"`. Default `$STATE_DIRECTORY/chat.db`, else `$XDG_STATE_HOME/sockwright/chat.db`. */
  readonly history?: string | undefined;
  /** How long messages are kept, in ms, 1 or more. Default is for ever; in memory, the newest. */
  readonly retainMs?: number | undefined;
  /** How often a member may say something in a second, in the long run. Whoever is faster is read from later. Default 5. */
  readonly messageRate?: number | undefined;
  /** The same at once, after a rest. 1 or more; default 200. */
  readonly messageBurst?: number | undefined;
  /** The longest message. 1 to 32 768; default 4 096. */
  readonly maxMessageBytes?: number | undefined;
  /** What waits for a member that does not take it; then it is cut off. 65 536 or more; default 1 MiB. */
  readonly maxSendQueueBytes?: number | undefined;
  /** 1 or more; default 10 000. */
  readonly maxMembers?: number | undefined;
  /** Rooms with somebody in them. 1 or more; default 1 000. */
  readonly maxRooms?: number | undefined;
  /** Members with one address; there is no such limit on loopback. 1 or more; default 10. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** How long a connection may be without a name, in ms, 1 or more. Default 60 000. */
  readonly nameTimeoutMs?: number | undefined;
  /**
   * Names of hosts that the page may be asked for by, besides the listener's address and those of loopback: `chat.example.org`, or
   * `https://chat.example.org` behind a proxy that speaks TLS in its place.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Told when the history fails. What was said then was refused. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** What they can be: also for whoever reads them from a file or a command line. */
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

/** The options, with the defaults. */
export type ChatSettings = OptionValues<(typeof CHAT_OPTIONS)["kinds"]>;
