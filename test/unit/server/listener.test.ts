// Connections that arrive before the server begins, over a transport that cannot leave them in the backlog.
import { expect, test } from "vitest";
import { ConnectionSet } from "../../../src/server/connection-set.ts";
import { Admission } from "../../../src/server/limits/admission.ts";
import { DatagramLimit } from "../../../src/server/limits/datagram-limit.ts";
import { Listener, MAX_EARLY_CONNECTIONS } from "../../../src/server/listener.ts";
import { listenerSettings } from "../../../src/server/listener-options.ts";
import { serveLimits } from "../../../src/server/serve-options.ts";
import { ServiceRun } from "../../../src/server/service-run.ts";
import { ConnectionSpans } from "../../../src/server/telemetry/connection-spans.ts";
import { ServerReports } from "../../../src/server/telemetry/server-reports.ts";
import { systemClock } from "../../../src/server/time/clock.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";

function listenerOf(stream: () => Promise<void>): {
  listener: Listener;
  admission: Admission;
  reports: ServerReports;
  connections: ConnectionSet;
  arrive: () => ScriptedLink;
} {
  const { server, listeners } = serveLimits({});
  const [settings] = listenerSettings("tcp://127.0.0.1:0", listeners);
  if (settings === undefined) throw new Error("no listener");
  const reports = new ServerReports("test", undefined);
  const admission = new Admission(server, systemClock, () => undefined);
  const connections = new ConnectionSet(reports, new ConnectionSpans(reports));
  const run = new ServiceRun({ name: "test", stream });
  const datagramLimit = new DatagramLimit(server, systemClock);
  const listener = new Listener({ admission, datagramLimit, connections, context: undefined }, settings, run);
  const arrive = (): ScriptedLink => {
    const link = new ScriptedLink();
    listener.countAccepted();
    listener.onAccepted(link);
    return link;
  };
  return { listener, admission, reports, connections, arrive };
}

test("MAX_EARLY_CONNECTIONS limits the connections kept until the server begins; further ones are refused", () => {
  let served = 0;
  const { listener, admission, reports, connections, arrive } = listenerOf(() => {
    served++;
    return new Promise(() => undefined);
  });
  const early = Array.from({ length: MAX_EARLY_CONNECTIONS }, arrive);
  const tooMany = arrive();
  expect([served, tooMany.calls, early.some(({ calls }) => calls.includes("abort"))]).toEqual([0, ["abort"], false]);
  expect(reports.counters.snapshot(0).connectionsRefused["max-connections"]).toBe(1);
  listener.begin();
  expect([served, admission.active]).toEqual([MAX_EARLY_CONNECTIONS, MAX_EARLY_CONNECTIONS]);
  connections.abortAll();
  expect(admission.active).toBe(0);
});

test("close aborts the early connections of a listener that has not begun, and frees their places", async () => {
  const { listener, admission, arrive } = listenerOf(() => Promise.resolve());
  const before = admission.capacity;
  const early = [arrive(), arrive()];
  await listener.close();
  expect(early.map(({ calls }) => calls)).toEqual([["abort"], ["abort"]]);
  expect(admission.capacity).toBe(before);
});
