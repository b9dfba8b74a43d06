// The kinds of services that a file can name, and how they are made from a plan.
import { describe, expect, test } from "vitest";
import { isHttpService } from "../../../src/http/service/http-service.ts";
import type { Overview } from "../../../src/services/status/overview.ts";
import { KINDS, serviceMaker } from "../../../src/supervisor/kinds.ts";

const OVERVIEW: Overview = {
  services: () => [],
  httpListeners: () => [],
  alarms: () => [],
  connections: () => [],
  abort: () => false,
};
const make = serviceMaker(() => ({ log: () => undefined, onError: () => undefined }));
const CONTEXT = { service: "it", overview: OVERVIEW };

const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  greet: { frame: "lines" },
  relay: { to: "tcp://127.0.0.1:8000" },
  web: { root: "/srv/public", accessLog: "common" },
  chat: { history: "memory" },
  status: { metrics: "numbers" },
};

describe.each([...KINDS])("%s", (name, { listenerKinds, required, paths, options }) => {
  test("is made from its options and supports its protocols", async () => {
    const service = await make(name, OPTIONS[name] ?? {}, CONTEXT);
    if (typeof service === "function") throw new Error("it is a function");
    expect(service.name).toBe(name);
    const isHttp = isHttpService(service);
    expect({ http: isHttp, datagrams: service.datagram !== undefined }).toEqual({
      http: listenerKinds.http,
      // A relay carries what its target takes.
      datagrams: listenerKinds.datagrams && name !== "relay",
    });
    // An HTTP service has a stream handler, too, for connections that are known to carry HTTP.
    expect(service.stream !== undefined).toBe(listenerKinds.streams || isHttp);
  });

  test("lists its required options and its paths among its options", () => {
    expect(Object.keys(options)).toEqual(expect.arrayContaining([...Object.keys(required), ...Object.keys(paths)]));
  });
});

test("an unknown kind is rejected", () => {
  expect(() => make("ftp", {}, CONTEXT)).toThrow('there is no kind "ftp" of services');
});

test("options are also checked when a service is made", () => {
  expect(() => make("greet", { frame: "words" }, CONTEXT)).toThrow("options.frame");
  expect(() => make("web", { root: 5 }, CONTEXT)).toThrow("option");
  expect(() => make("web", { root: "/srv", index: 5 }, CONTEXT)).toThrow("options.index");
});
