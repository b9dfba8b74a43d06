import { HTTP_OPTIONS, type HttpOptions } from "../../http/service/http-options.ts";
import { count, custom, hook, ms, type TextOptionKind, text } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import type { Clock } from "../../server/time/clock.ts";
import { functionOf, wrongValue } from "../../socket/values.ts";
import { HOSTS_OPTION } from "../page-access.ts";
import { DEFAULT_MAX_ROWS } from "./connection-table.ts";
import { DEFAULT_MAX_WATCHERS } from "./watchers.ts";

/** The default of `sampleIntervalMs`: how often the service takes a sample of the counters. */
const DEFAULT_SAMPLE_INTERVAL_MS = 1_000;
/** The default of `historyMs`: the time span of the plots; the service drops older samples. */
const DEFAULT_HISTORY_MS = 10 * 60 * 1_000;
/** Limits the samples that the service keeps, whatever `historyMs` and `sampleIntervalMs` say; beyond it, it drops the oldest. */
export const MAX_SAMPLES = 3_600;
/** The default of `metrics`: the path of the metrics below that of the page. */
const DEFAULT_METRICS_PATH = "metrics";

/** The options of a status service. */
export interface StatusOptions {
  /** The path of the metrics below that of the page, one segment; `""` serves no metrics. Default `metrics`. */
  readonly metrics?: string | undefined;
  /**
   * The file with the access token that every client must send. Only the file's owner may have access to it. Default none: only clients on this
   * machine have access.
   */
  readonly tokenFile?: string | undefined;
  /** Host names under which browsers may request the page, in addition to the listener's address and loopback names, such as `status.example.org`. */
  readonly hosts?: readonly string[] | undefined;
  /** The interval between two samples of the counters, in ms, 100 to 60 000; default 1 000. */
  readonly sampleIntervalMs?: number | undefined;
  /** The time span of the plots, in ms, 1 000 or more; default 10 minutes. At most 3 600 samples. */
  readonly historyMs?: number | undefined;
  /** Open pages that receive live updates at the same time, 1 to 10 000; default 32. The server answers a further one with 503 and Retry-After. */
  readonly maxWatchers?: number | undefined;
  /** Connections that a page shows at once, 1 to 10 000; default 200. */
  readonly maxRows?: number | undefined;
  /** The options of the HTTP service; they apply when the status has a listener of its own. */
  readonly http?: HttpOptions | undefined;
  /** Called with the error when the service cannot take a sample: once, until a sample succeeds again. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Default the system clock. @internal */
  readonly clock?: Clock | undefined;
}

/** Checks and defaults of {@link StatusOptions}, also for options from a file or a command line. */
export const STATUS_OPTIONS = optionTable({
  metrics: metricsPath(),
  tokenFile: text(),
  hosts: HOSTS_OPTION,
  sampleIntervalMs: ms({ min: 100, max: 60_000, default: DEFAULT_SAMPLE_INTERVAL_MS }),
  historyMs: ms({ min: 1_000, default: DEFAULT_HISTORY_MS }),
  maxWatchers: count({ max: 10_000, default: DEFAULT_MAX_WATCHERS }),
  maxRows: count({ max: 10_000, default: DEFAULT_MAX_ROWS }),
  http: custom("options of http()", (path, given) => HTTP_OPTIONS.checkGiven("status()", given, path)),
  onError: hook<NonNullable<StatusOptions["onError"]>>(),
  clock: custom("a clock", clockOf),
} satisfies OptionKindsOf<StatusOptions>);

/** The checked options, with defaults filled in. */
export type StatusSettings = OptionValues<(typeof STATUS_OPTIONS)["kinds"]>;

/** Path segments that the page itself uses. */
const RESERVED = new Set(["events", "data", "close", "login", "logout", "style.css", "page.js", "icon.svg"]);

function metricsPath(): TextOptionKind<string> {
  const kind = text({ default: DEFAULT_METRICS_PATH });
  const check = (path: string, given: unknown): string => {
    const name = kind.check(path, given);
    if (name !== "" && !/^[\w-][\w.-]*$/.test(name))
      throw wrongValue(path, 'must be one segment of a path, such as "metrics"', name);
    if (RESERVED.has(name)) throw wrongValue(path, `must be none of ${[...RESERVED].join(", ")}`, name);
    return name;
  };
  return { defaultValue: kind.defaultValue, range: "a segment of a path", check, parse: check };
}

function clockOf(path: string, given: unknown): Clock {
  functionOf(`${path}.now`, (given as Partial<Clock> | undefined)?.now);
  functionOf(`${path}.after`, (given as Partial<Clock> | undefined)?.after);
  return given as Clock;
}
