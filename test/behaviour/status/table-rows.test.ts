// The tables of the status page are limited, however much runs.
import { expect, test } from "vitest";
import { status } from "../../../src/services/status/status.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { FakeOverview, serviceOf } from "./fake-overview.ts";

test("the page shows the first 1000 services, limits and alarms", async () => {
  const overview = new FakeOverview();
  overview.serviceList = Array.from({ length: 1_001 }, (_, place) =>
    serviceOf({ name: `s${place}`, limits: [{ name: `limit-${place}`, limit: 9, used: 1 }] }),
  );
  overview.alarmList = overview.serviceList.map(({ name }) => ({
    services: [name],
    connectionsActive: 9,
    raiseAt: 8,
    sinceMs: 0,
  }));
  const server = await serving(status(overview), {}, "http://127.0.0.1:0");
  const page = await (await fetch(`${urlOf(server)}/`)).text();
  const rows = (pattern: RegExp): readonly (string | undefined)[] =>
    [...page.matchAll(pattern)].map(([, name]) => name);
  const first = overview.serviceList.slice(0, 1_000).map(({ name }) => name);
  expect(rows(/<th scope="row"><bdi>(s\d+)<\/bdi><\/th>/g)).toEqual(first);
  expect(rows(/<th scope="row"><bdi>limit-(\d+)<\/bdi><\/th>/g)).toEqual(first.map((name) => name.slice(1)));
  expect(rows(/<b><bdi>(s\d+)<\/bdi><\/b>: 9 connections are open/g)).toEqual(first);
});
