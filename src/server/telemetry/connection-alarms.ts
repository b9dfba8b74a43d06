import { type AlarmLevel, LevelAlarm } from "../limits/level-alarm.ts";
import type { DeadlineWheel } from "../time/deadline-wheel.ts";
import { alarms } from "./channels.ts";
import type { ServerReports } from "./server-reports.ts";

/** A level of open connections was passed, or is passed no more. */
export interface ConnectionsAlarm {
  readonly isRaised: boolean;
  /** How many connections were open when it was told. */
  readonly connections: number;
  /** Which alarm it is. */
  readonly raiseAt: number;
  readonly clearAt: number;
  /** The name of the service. */
  readonly service: string;
}

/** The alarms of a server's open connections. */
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
        this.#tell({
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

  /** Not within the call that changed the level, which may be one of a handler's. */
  #tell(alarm: ConnectionsAlarm): void {
    process.nextTick(() => {
      alarms.publish(alarm);
      this.#reports.callHook("onAlarm", () => this.#hook?.(alarm));
    });
  }
}
