import { Connection } from "../../../src/server/connection/connection.ts";
import { DEFAULT_POLICY } from "../../../src/server/connection/policy.ts";
import { DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { LateClock } from "../server/late-clock.ts";

/** Returns a connection on a scripted link, a clock that the test moves, and the names of its expired deadlines. */
export function clockedConnection() {
  const clock = new LateClock();
  const link = new ScriptedLink();
  const expired: string[] = [];
  const policy = {
    ...DEFAULT_POLICY,
    wheel: new DeadlineWheel(clock),
    onExpired: (name: string) => void expired.push(name),
  };
  return { clock, link, connection: new Connection(link, policy), expired };
}
