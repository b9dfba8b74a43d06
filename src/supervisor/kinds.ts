import { choice, type OptionKind, type OptionKinds, text } from "../server/options/option-kind.ts";
import type { Service } from "../server/service.ts";
import { parseSocketUrl } from "../server/url/socket-url.ts";
import { chat } from "../services/chat/chat.ts";
import { CHAT_OPTIONS, MEMORY } from "../services/chat/chat-options.ts";
import { files, type Receipt } from "../services/files/files.ts";
import { FILES_OPTIONS } from "../services/files/files-options.ts";
import { GREET_OPTIONS, greet } from "../services/greet/greet.ts";
import { carriageConflict } from "../services/relay/carriage.ts";
import { relay } from "../services/relay/relay.ts";
import { RELAY_OPTIONS } from "../services/relay/relay-options.ts";
import type { Overview } from "../services/status/overview.ts";
import { needsToken, STATUS_OPTIONS, status } from "../services/status/status.ts";
import { type WebOptions, web } from "../services/web/web.ts";
import { WEB_OPTIONS } from "../services/web/web-options.ts";
import type { MakeService } from "./load-service.ts";

/** The hooks by which services report to their supervisor. */
export interface KindHooks {
  /** Writes a line of an access log, its line end included. */
  readonly log: (line: string) => void;
  /** Called with the error when a service itself fails. */
  readonly onError: (error: unknown) => void;
}

/** The context of a service in addition to its options. */
interface KindContext extends KindHooks {
  /** The overview of all running services. */
  readonly overview: Overview;
}

/** The listeners on which a service of a kind can run. */
export interface ListenerKinds {
  readonly streams: boolean;
  readonly datagrams: boolean;
  /** Below a path of an HTTP listener, which others may share. */
  readonly http: boolean;
}

/** A built-in kind of service, which a configuration file can name. */
export interface ServiceKind {
  /** The options that a file can set. */
  readonly options: OptionKinds;
  /** The options that a file must set, with an example. */
  readonly required: Readonly<Record<string, string>>;
  /** Options that are paths, which belong to the folder of the file; and words in their place that are none. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
  readonly listenerKinds: ListenerKinds;
  /** The default TCP_USER_TIMEOUT of its own TCP listeners, in ms, tcp(7). */
  readonly userTimeoutMs?: number;
  /** Why it cannot be on a listener with these options; what is wrong; what was meant. */
  refusal?(options: Readonly<Record<string, unknown>>, url: string): string | undefined;
  /**
   * @param options - the options of the plan.
   * @throws TypeError, RangeError for options that exclude each other.
   */
  make(options: Readonly<Record<string, unknown>>, context: KindContext): Service;
}

const WEB_KINDS = {
  ...without(WEB_OPTIONS.kinds, "http", "accessLogFormat"),
  root: text(),
  accessLog: choice(["common", "combined", "json", "off"], { default: "off" }),
};

const FILES_KINDS = { ...without(FILES_OPTIONS.kinds, "http", "onReceipt"), root: text() };

/**
 * Limits how long a TCP client of a chat may acknowledge nothing, tcp(7), TCP_USER_TIMEOUT; then the kernel ends the connection and the
 * member leaves the room. By default the kernel would wait a quarter of an hour.
 */
const CHAT_USER_TIMEOUT_MS = 60_000;

/** All built-in kinds. */
export const KINDS: ReadonlyMap<string, ServiceKind> = new Map<string, ServiceKind>([
  [
    "greet",
    {
      options: GREET_OPTIONS.kinds,
      required: {},
      paths: {},
      listenerKinds: { streams: true, datagrams: true, http: false },
      make: (options) => greet(options),
    },
  ],
  [
    "relay",
    {
      options: RELAY_OPTIONS.kinds,
      required: { to: '"tcp://127.0.0.1:8000"' },
      paths: {},
      listenerKinds: { streams: true, datagrams: true, http: false },
      refusal: ({ to }, url) =>
        typeof to === "string" ? carriageConflict(parseSocketUrl(url), parseSocketUrl(to)) : undefined,
      make: ({ to, ...options }) => relay({ ...options, to: valueFrom(RELAY_OPTIONS.kinds.to, to) ?? "" }),
    },
  ],
  [
    "web",
    {
      options: WEB_KINDS,
      required: { root: '"public"' },
      paths: { root: [] },
      listenerKinds: { streams: false, datagrams: false, http: true },
      make: makeWeb,
    },
  ],
  [
    "files",
    {
      options: FILES_KINDS,
      required: { root: '"files"' },
      paths: { root: [], users: [] },
      listenerKinds: { streams: false, datagrams: false, http: true },
      refusal: ({ users }, url) =>
        users === undefined && needsToken(url)
          ? 'it can be reached from other machines, and has no users; write them to a file, such as users = "users.toml"'
          : undefined,
      make: makeFiles,
    },
  ],
  [
    "chat",
    {
      options: CHAT_OPTIONS.kinds,
      required: {},
      paths: { history: [MEMORY] },
      userTimeoutMs: CHAT_USER_TIMEOUT_MS,
      listenerKinds: { streams: true, datagrams: false, http: true },
      make: (options, { onError }) => chat({ onError, ...options }),
    },
  ],
  [
    "status",
    {
      options: without(STATUS_OPTIONS.kinds, "http", "clock"),
      required: {},
      paths: { tokenFile: [] },
      listenerKinds: { streams: false, datagrams: false, http: true },
      refusal: ({ tokenFile }, url) =>
        tokenFile === undefined && needsToken(url)
          ? 'it can be reached from other machines, and has no token-file; write one, such as token-file = "status.token"'
          : undefined,
      make: (options, { overview, onError }) => status(overview, { onError, ...options }),
    },
  ],
]);

/** What a file says otherwise, or does not say. */
function without(kinds: OptionKinds, ...names: readonly string[]): OptionKinds {
  return Object.fromEntries(Object.entries(kinds).filter(([name]) => !names.includes(name)));
}

/** Returns a function that creates the services of plans, each with hooks of its own. */
export function serviceMaker(hooksOf: (service: string) => KindHooks): MakeService {
  return (name, options, { service, overview }) => {
    const kind = KINDS.get(name);
    if (kind === undefined) throw new TypeError(`there is no kind ${JSON.stringify(name)} of services`);
    return kind.make(options, { ...hooksOf(service), overview });
  };
}

function makeWeb(
  { root, accessLog, ...options }: Readonly<Record<string, unknown>>,
  { log, onError }: KindContext,
): Service {
  const format = valueFrom(WEB_KINDS.accessLog, accessLog);
  const logged: WebOptions = format === "off" ? {} : { accessLog: log, accessLogFormat: format };
  // web() checks all of them.
  return web(valueFrom(WEB_KINDS.root, root) ?? "", { onError, ...options, ...logged });
}

function valueFrom<Value>(kind: OptionKind<Value>, given: unknown): Value {
  return given === undefined ? kind.defaultValue : kind.check("option", given);
}

function makeFiles({ root, ...options }: Readonly<Record<string, unknown>>, { log, onError }: KindContext): Service {
  const onReceipt = (receipt: Receipt): void => log(`${JSON.stringify(receipt)}\n`);
  return files(valueFrom(FILES_KINDS.root, root) ?? "", { onError, onReceipt, ...options });
}
