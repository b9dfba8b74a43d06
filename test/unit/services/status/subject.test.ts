import { describe, expect, test } from "vitest";
import { MAX_SUBJECTS, subjectsOf } from "../../../../src/services/status/subject.ts";
import {
  connectionOf,
  FakeOverview,
  histogramOf,
  serviceOf,
  statsOf,
} from "../../../behaviour/status/fake-overview.ts";

const BOUNDS = [10];

describe("subjectsOf", () => {
  test("adds up the servers of a service, and includes the bytes of open connections", () => {
    const overview = new FakeOverview();
    const one = statsOf({
      connectionsActive: 2,
      connectionsAccepted: 5,
      connectionsRefused: { ...statsOf().connectionsRefused, "max-connections": 3 },
      connectionBytesRead: histogramOf(BOUNDS, [100]),
      connectionBytesWritten: histogramOf(BOUNDS, [200]),
      connectionDurationMs: histogramOf(BOUNDS, [1]),
    });
    overview.serviceList = [serviceOf({ stats: [one, one] }), serviceOf({ name: "other", stats: [statsOf()] })];
    overview.connectionList = [
      connectionOf({ bytesRead: 1, bytesWritten: 2 }),
      connectionOf({ bytesRead: 10, bytesWritten: 20 }),
      connectionOf({ service: "other", bytesRead: 5_000 }),
    ];
    const [greet, other] = subjectsOf(overview);
    expect(greet).toMatchObject({
      key: "service greet",
      timed: "connections",
      levels: { connections: 4 },
      totals: { accepted: 10, "refused: max-connections": 6, "bytes in": 211, "bytes out": 422 },
    });
    expect(greet?.durationMs.counts).toEqual([2, 0]);
    expect(other?.totals).toEqual({ accepted: 0, "bytes in": 5_000, "bytes out": 0 });
  });

  test("has the connections of a shared listener, and the requests of its services", () => {
    const overview = new FakeOverview();
    const durationMs = histogramOf(BOUNDS, [1, 2, 3]);
    overview.serviceList = [
      serviceOf({ name: "site", requests: { answered: 3, failed: 1, bytesSent: 77, durationMs } }),
    ];
    overview.listenerList = [
      {
        ...{ url: "http://[::1]:80", services: ["site"], limits: [] },
        stats: statsOf({ connectionsActive: 1, connectionsAccepted: 9 }),
      },
    ];
    overview.connectionList = [connectionOf({ service: "site", listener: "http://[::1]:80", bytesRead: 4 })];
    expect(subjectsOf(overview)).toMatchObject([
      {
        kind: "service",
        timed: "requests",
        durationMs,
        levels: {},
        totals: { requests: 3, "failed requests": 1, "bytes answered": 77 },
      },
      {
        kind: "listener",
        name: "http://[::1]:80",
        timed: "connections",
        levels: { connections: 1 },
        totals: { accepted: 9, "bytes in": 4, "bytes out": 0 },
      },
    ]);
  });

  test("has totals only for reasons that have occurred", () => {
    const overview = new FakeOverview();
    const { handshakesFailed, datagramsDropped } = statsOf();
    const stats = statsOf({
      datagramsReceived: 7,
      handshakesFailed: { ...handshakesFailed, timeout: 1 },
      datagramsDropped: { ...datagramsDropped, closing: 2 },
    });
    overview.serviceList = [serviceOf({ stats: [stats] })];
    expect(Object.keys(subjectsOf(overview)[0]?.totals ?? {})).toEqual([
      "accepted",
      "datagrams",
      "handshake: timeout",
      "dropped: closing",
      "bytes in",
      "bytes out",
    ]);
  });

  test("MAX_SUBJECTS limits the number of subjects", () => {
    const overview = new FakeOverview();
    overview.serviceList = Array.from({ length: MAX_SUBJECTS + 1 }, (_, place) => serviceOf({ name: `${place}` }));
    expect(subjectsOf(overview).length).toBe(MAX_SUBJECTS);
  });
});
