import type { DeadlineWheel } from "../limits/deadline-wheel.ts";
import { type AlarmLevel, LevelAlarm } from "../limits/level-alarm.ts";
import type { ConnectionsAlarm } from "../serve-options.ts";
import { alarms } from "./channels.ts";

/** The alarms of a server's open connections. */
export class ConnectionAlarms {
  readonly #alarms: readonly LevelAlarm[];
  readonly #service: string;
  readonly #hook: ((alarm: ConnectionsAlarm) => void) | undefined;

  constructor(
    levels: readonly AlarmLevel[],
    wheel: DeadlineWheel,
    service: string,
    hook: ((alarm: ConnectionsAlarm) => void) | undefined,
  ) {
    this.#service = service;
    this.#hook = hook;
    this.#alarms = levels.map((level) => {
      const alarm: LevelAlarm = new LevelAlarm(level, wheel, (isRaised, connections) => {
        this.#tell({ isRaised, connections, raiseAt: alarm.raiseAt, clearAt: alarm.clearAt, service: this.#service });
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

  /** Not within the call that changed the level: what a hook throws is the program's, and no error of a connection. */
  #tell(alarm: ConnectionsAlarm): void {
    process.nextTick(() => {
      alarms.publish(alarm);
      this.#hook?.(alarm);
    });
  }
}
