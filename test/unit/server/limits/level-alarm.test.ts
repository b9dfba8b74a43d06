import { expect, test } from "vitest";
import { ALARM_COOLDOWN_MS, type AlarmLevel, LevelAlarm } from "../../../../src/server/limits/level-alarm.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import { manualClock } from "../../../../src/testing.ts";

function watched(level: AlarmLevel) {
  const clock = manualClock();
  const told: string[] = [];
  const alarm = new LevelAlarm(level, new DeadlineWheel(clock), (isRaised, value) => {
    told.push(`${isRaised ? "raised" : "cleared"} at ${value}`);
  });
  return { clock, told, alarm };
}

test("the alarm reports when the level reaches raiseAt and when it falls to clearAt, not in between", () => {
  const { alarm, told } = watched({ raiseAt: 10, clearAt: 7, cooldownMs: 0 });
  for (const level of [9, 10, 11, 9, 10, 8, 12]) alarm.update(level);
  expect(told).toEqual(["raised at 10"]);
});

test("clearAt defaults to nine tenths of raiseAt, and is always below raiseAt", () => {
  expect(watched({ raiseAt: 100 }).alarm.clearAt).toBe(90);
  expect(watched({ raiseAt: 1 }).alarm.clearAt).toBe(0);
});

test("ALARM_COOLDOWN_MS: changes within the cooldown are reported once, with the state at its end", () => {
  const { alarm, told, clock } = watched({ raiseAt: 10, clearAt: 5 });
  for (let swing = 0; swing < 100; swing++) for (const level of [10, 5]) alarm.update(level);
  expect(told).toEqual(["raised at 10"]);
  clock.advance(ALARM_COOLDOWN_MS - 1);
  expect(told).toHaveLength(1);
  clock.advance(1 + DEADLINE_TICK_MS);
  expect(told).toEqual(["raised at 10", "cleared at 5"]);
  alarm.update(10);
  clock.advance(2 * ALARM_COOLDOWN_MS);
  expect(told).toEqual(["raised at 10", "cleared at 5", "raised at 10"]);
});

test("a change that is reversed before the end of the cooldown is not reported", () => {
  const { alarm, told, clock } = watched({ raiseAt: 10, clearAt: 5, cooldownMs: 1_000 });
  for (const level of [10, 5, 10]) alarm.update(level);
  clock.advance(10_000);
  expect(told).toEqual(["raised at 10"]);
  expect(clock.pending).toBe(0);
});

test("stop cancels the timer and reports the last change at once", () => {
  const { alarm, told, clock } = watched({ raiseAt: 10, clearAt: 5 });
  alarm.update(10);
  alarm.update(5);
  expect(clock.pending).toBe(1);
  alarm.stop();
  expect(clock.pending).toBe(0);
  expect(told).toEqual(["raised at 10", "cleared at 5"]);
  alarm.stop();
  expect(told).toHaveLength(2);
});
