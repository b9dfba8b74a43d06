import { type AlarmLevel, LevelAlarm } from "../limits/level-alarm.ts";
import type { DeadlineWheel } from "../time/deadline-wheel.ts";
import { alarms } from "./channels.ts";
import type { ServerReports } from "./server-reports.ts";

/** An alarm that was raised or cleared: the number of open connections passed its level. */
export interface ConnectionsAlarm {
  readonly isRaised: boolean;
  /** How many connections were open at that moment. */
  readonly connections: number;
  /** The level at which the alarm is raised; it identifies the alarm. */
  readonly raiseAt: number;
  /** The level at which it is cleared. */
  readonly clearAt: number;
  /** The name of the service. */
  readonly service: string;
}

/** The alarms on the number of a server's open connections. */
export class ConnectionAlarms {
  readonly #alarms: readonly LevelAlarm[];
  readonly #reports: ServerReports;
  readonly #hook: ((alarm: ConnectionsAlarm) => unknown) | undefined;

  constructor(
    levels: readonly AlarmLevel[],
    wheel: DeadlineWheel,
    reports: ServerReports,
    hook: ((alarm: ConnectionsAlarm) => unknown) | undefined,
  ) {
    this.#reports = reports;
    this.#hook = hook;
    this.#alarms = levels.map((level) => {
      const alarm: LevelAlarm = new LevelAlarm(level, wheel, (isRaised, connections) => {
        this.#publish({
          isRaised,
          connections,
          raiseAt: alarm.raiseAt,
          clearAt: alarm.clearAt,
          service: this.#reports.service,
        });
      });
      return alarm;
    });
  }

  update(connections: number): void {
    for (const alarm of this.#alarms) alarm.update(connections);
  }

  stop(): void {
    for (const alarm of this.#alarms) alarm.stop();
  }

  /** Publishes after the current call, which may be a handler's. */
  #publish(alarm: ConnectionsAlarm): void {
    process.nextTick(() => {
      alarms.publish(alarm);
      this.#reports.callHook("onAlarm", () => this.#hook?.(alarm));
    });
  }
}
