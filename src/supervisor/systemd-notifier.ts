import { type Clock, systemClock } from "../server/time/clock.ts";
import { socket } from "../socket/internal.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from "../socket/values.ts";

/** systemd asks for a sign of life within this, and gets it twice as often: sd_watchdog_enabled(3). */
const SIGNS_PER_WATCHDOG = 2;
const MICROSECONDS_PER_MILLISECOND = 1_000;

/** The environment variables that systemd sets: sd_notify(3), sd_watchdog_enabled(3). */
export type NotifyEnvironment = Readonly<Record<string, string | undefined>>;

/** Notifies systemd of the state of the process; does nothing if systemd did not ask for it. */
export class SystemdNotifier {
  readonly #address: { readonly path: string } | { readonly abstract: string } | undefined;
  readonly #clock: Clock;
  readonly #watchdogMs: number | undefined;
  readonly #onError: (error: unknown) => void;
  #stopWatchdog: (() => void) | undefined;

  constructor(env: NotifyEnvironment, onError: (error: unknown) => void, clock: Clock = systemClock) {
    this.#address = addressOf(env["NOTIFY_SOCKET"]);
    this.#watchdogMs = this.#address && watchdogOf(env);
    this.#onError = onError;
    this.#clock = clock;
  }

  /** Reports that the process serves. The first call starts the watchdog's keep-alive messages. */
  ready(status: string): Promise<void> {
    if (this.#stopWatchdog === undefined) this.#watch();
    return this.#notify({ READY: "1", STATUS: status });
  }

  /** Reports a reload, with its time as systemd 253 and later require: sd_notify(3). */
  reloading(): Promise<void> {
    return this.#notify({ RELOADING: "1", MONOTONIC_USEC: String(process.hrtime.bigint() / 1_000n) });
  }

  async stopping(): Promise<void> {
    await this.#notify({ STOPPING: "1", STATUS: "Stopping" });
  }

  /** Stops the keep-alive messages. */
  stop(): void {
    this.#stopWatchdog?.();
    this.#stopWatchdog = undefined;
  }

  #watch(): void {
    if (this.#watchdogMs === undefined) return;
    this.#stopWatchdog = this.#clock.after(this.#watchdogMs / SIGNS_PER_WATCHDOG, () => {
      this.#watch();
      void this.#notify({ WATCHDOG: "1" });
    });
  }

  async #notify(variables: Readonly<Record<string, string>>): Promise<void> {
    if (this.#address === undefined) return;
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    try {
      const sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC);
      try {
        await sender.sendto(lines.join("\n"), this.#address);
      } finally {
        sender.close();
      }
    } catch (error) {
      this.#onError(error);
    }
  }
}

function addressOf(text = ""): { readonly path: string } | { readonly abstract: string } | undefined {
  if (text.startsWith("@")) return { abstract: text.slice(1) };
  return text.startsWith("/") ? { path: text } : undefined;
}

/** Half of it is when a sign of life is due; the time may be meant for another process. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: NotifyEnvironment): number | undefined {
  const microseconds = Number(WATCHDOG_USEC);
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  return isOurs && microseconds > 0 ? microseconds / MICROSECONDS_PER_MILLISECOND : undefined;
}
