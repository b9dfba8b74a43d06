// Alarms of the open connections, in an overview and in the metrics.
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../../src/server/connect.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { statusMetrics } from "../../../src/services/status/status-metrics.ts";
import type { ServicePlan } from "../../../src/supervisor/plan.ts";
import type { Supervisor } from "../../../src/supervisor/supervisor.ts";
import { until } from "../../support/until.ts";
import { at, greeted, greeter, page, running, urlOfService } from "./running.ts";

const LEVELS = [2, 3].map((raiseAt) => ({ raiseAt, clearAt: raiseAt - 1, cooldownMs: 0 }));

function levelsOf({ overview }: Supervisor): readonly number[] {
  return overview.alarms().map(({ raiseAt }) => raiseAt);
}

async function clients(url: string, count: number): Promise<readonly Connection[]> {
  return Promise.all(Array.from({ length: count }, async () => (await greeted(url)).client));
}

test("an alarm is raised at its level, cleared below it, and survives a reload", async () => {
  const one = { ...greeter("one", ["tcp://127.0.0.1:0"]), limits: { maxConnections: 10, alarms: LEVELS } };
  const { supervisor } = await running([one, greeter("two", ["tcp://127.0.0.1:0"])]);
  const [first, second] = await clients(urlOfService(supervisor, "one"), 2);
  await until(() => levelsOf(supervisor).length === 1, "the alarm");
  const before = Date.now();
  expect(supervisor.overview.alarms()).toEqual([
    { services: ["one"], connectionsActive: 2, raiseAt: 2, sinceMs: expect.any(Number) },
  ]);
  expect(supervisor.overview.alarms()[0]?.sinceMs).toBeLessThanOrEqual(before);
  await clients(urlOfService(supervisor, "one"), 1);
  await until(() => levelsOf(supervisor).length === 2, "the second alarm");
  await supervisor.reload({ services: [one] });
  await until(() => levelsOf(supervisor).length === 2, "both alarms");
  await first?.close();
  await until(() => levelsOf(supervisor).length === 1, "the end of the second alarm");
  expect(levelsOf(supervisor)).toEqual([2]);
  await second?.close();
  await until(() => levelsOf(supervisor).length === 0, "the end of the alarm");
  expect(supervisor.overview.alarms()).toEqual([]);
});

test("without configuration, an alarm is raised at nine tenths of maxConnections", async () => {
  const { supervisor } = await running([{ ...greeter("one", ["tcp://127.0.0.1:0"]), limits: { maxConnections: 5 } }]);
  await clients(urlOfService(supervisor, "one"), 4);
  expect(levelsOf(supervisor)).toEqual([]);
  await clients(urlOfService(supervisor, "one"), 1);
  await until(() => levelsOf(supervisor).length === 1, "the alarm");
  expect(levelsOf(supervisor)).toEqual([5]);
});

test("an alarm of a shared listener is one alarm of all its services, also in the metrics", async () => {
  const limits = { alarms: [{ raiseAt: 1, clearAt: 0, cooldownMs: 0 }] };
  const limited = (name: string, url: string): ServicePlan => ({ ...page(name, [at(url, `/${name}/`)]), limits });
  const { supervisor } = await running([limited("one", "http://127.0.0.1:0")]);
  const url = urlOfService(supervisor, "one").replace("/one/", "");
  const apart = limited("apart", "http://127.0.0.1:0");
  await supervisor.reload({ services: [limited("one", url), limited("two", url), apart] });
  const client = await connect(url.replace("http:", "tcp:"));
  onTestFinished(() => client.abort());
  await until(() => levelsOf(supervisor).length === 1, "the alarm");
  expect(supervisor.overview.alarms()).toMatchObject([{ services: ["one", "two"], connectionsActive: 1 }]);
  const metrics = statusMetrics(supervisor.overview, { watchers: 0, wrongTokens: 0 });
  const raised = [...metrics.matchAll(/^sockwright_connections_alarm\{service="(\w+)"\} 1$/gm)].map(([, name]) => name);
  expect(raised).toEqual(["one", "two"]);
});
