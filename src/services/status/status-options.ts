import { HTTP_OPTIONS, type HttpOptions } from "../../http/service/http-options.ts";
import { checked, count, hook, ms, type TextOptionKind, text } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import type { Clock } from "../../server/time/clock.ts";
import { functionOf, wrongValue } from "../../socket/values.ts";
import { HOSTS_OPTION } from "../page-access.ts";
import { DEFAULT_MAX_ROWS } from "./connection-table.ts";
import { DEFAULT_MAX_WATCHERS } from "./watchers.ts";

/** How often everything is looked at. */
const DEFAULT_SAMPLE_INTERVAL_MS = 1_000;
/** How far plots go back. */
const DEFAULT_HISTORY_MS = 10 * 60 * 1_000;
/** Samples that are kept, however long the history and however short the interval. */
export const MAX_SAMPLES = 3_600;
/** Where the metrics are, below the page. */
const DEFAULT_METRICS_PATH = "metrics";

/** How the status is shown, and to whom. */
export interface StatusOptions {
  /** The path of the metrics below that of the page; `""` is none. Default `metrics`. */
  readonly metrics?: string | undefined;
  /** The file with the token that everybody needs; nobody else can read it. Default none: only who is on this machine has access. */
  readonly tokenFile?: string | undefined;
  /** Names of hosts besides the listener's address and those of loopback, such as `status.example.org`: see {@link PageAccess}. */
  readonly hosts?: readonly string[] | undefined;
  /** How often everything is looked at, in ms; default 1 000. */
  readonly sampleIntervalMs?: number | undefined;
  /** How far plots go back, in ms; default 10 minutes, and 3 600 samples at most. */
  readonly historyMs?: number | undefined;
  /** Pages whose numbers come by themselves, at once; default 32. One more is told to come again later. */
  readonly maxWatchers?: number | undefined;
  /** Connections that a page shows at once; default 200. */
  readonly maxRows?: number | undefined;
  /** What the HTTP service allows its clients, where it has its listener to itself. */
  readonly http?: HttpOptions | undefined;
  /** Is told that no sample could be taken, once until one can be again. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Default is that of the system. @internal */
  readonly clock?: Clock | undefined;
}

/** What they can be: also for whoever reads them from a file or a command line. */
export const STATUS_OPTIONS = optionTable({
  metrics: metricsPath(),
  tokenFile: text(),
  hosts: HOSTS_OPTION,
  sampleIntervalMs: ms({ min: 100, max: 60_000, default: DEFAULT_SAMPLE_INTERVAL_MS }),
  historyMs: ms({ min: 1_000, default: DEFAULT_HISTORY_MS }),
  maxWatchers: count({ max: 10_000, default: DEFAULT_MAX_WATCHERS }),
  maxRows: count({ max: 10_000, default: DEFAULT_MAX_ROWS }),
  http: checked("options of http()", (path, given) => HTTP_OPTIONS.given("status()", given, path)),
  onError: hook<NonNullable<StatusOptions["onError"]>>(),
  clock: checked("a clock", clockOf),
} satisfies OptionKindsOf<StatusOptions>);

/** The options, with the defaults. */
export type StatusSettings = OptionValues<(typeof STATUS_OPTIONS)["kinds"]>;

/** What is there besides. */
const TAKEN = new Set(["events", "data", "close", "login", "logout", "style.css", "page.js", "icon.svg"]);

function metricsPath(): TextOptionKind<string> {
  const kind = text({ default: DEFAULT_METRICS_PATH });
  const check = (path: string, given: unknown): string => {
    const name = kind.check(path, given);
    if (name !== "" && !/^[\w-][\w.-]*$/.test(name))
      throw wrongValue(path, 'must be one segment of a path, such as "metrics"', name);
    if (TAKEN.has(name)) throw wrongValue(path, `must be none of ${[...TAKEN].join(", ")}`, name);
    return name;
  };
  return { byDefault: kind.byDefault, range: "a segment of a path", check, parse: check };
}

function clockOf(path: string, given: unknown): Clock {
  functionOf(`${path}.now`, (given as Partial<Clock> | undefined)?.now);
  functionOf(`${path}.after`, (given as Partial<Clock> | undefined)?.after);
  return given as Clock;
}
