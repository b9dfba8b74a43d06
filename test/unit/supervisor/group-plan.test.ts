// The listeners of each server of a plan.
import { expect, onTestFinished, test, vi } from "vitest";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import { groupsOf } from "../../../src/supervisor/group-plan.ts";
import type { ServicePlan } from "../../../src/supervisor/plan.ts";

function service(kind: string, urls: readonly string[], limits: ServeOptions = {}, mount?: string): ServicePlan {
  const listeners = urls.map((url) => ({ listener: { url }, mount }));
  return { name: kind, source: { type: "kind", kind, options: {} }, listeners, limits, http: {}, graceMs: 1 };
}

const timeouts = (plan: ServicePlan): unknown[] =>
  groupsOf({ services: [plan] }).flatMap(({ listeners }) => listeners.map(({ userTimeoutMs }) => userTimeoutMs));

test("TCP listeners of a chat have a user timeout of one minute", () => {
  expect(timeouts(service("chat", ["tcp://127.0.0.1:0", "unix:x"]))).toEqual([60_000, undefined]);
  expect(timeouts(service("greet", ["tcp://127.0.0.1:0"]))).toEqual([undefined]);
});

test("unless the URL or the limits set another one, or the listener is HTTP", () => {
  expect(timeouts(service("chat", ["tcp://127.0.0.1:0?user-timeout=5s"]))).toEqual([undefined]);
  expect(timeouts(service("chat", ["tcp://127.0.0.1:0"], { userTimeoutMs: 1_000 }))).toEqual([undefined]);
  expect(timeouts(service("chat", ["http://127.0.0.1:0"], {}, "/"))).toEqual([undefined]);
});

test("and not over node:net, which cannot set it: the chat still starts", () => {
  const plan = service("chat", ["tcp://127.0.0.1:0"]);
  const overNode = [{ mount: undefined, listener: { url: "tcp://127.0.0.1:0", transport: "node" as const } }];
  expect(timeouts({ ...plan, listeners: overNode })).toEqual([undefined]);
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(timeouts(plan)).toEqual([undefined]);
});
