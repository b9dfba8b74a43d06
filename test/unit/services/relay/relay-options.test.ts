import { expect, test } from "vitest";
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_MAX_BUFFERED_BYTES,
  DEFAULT_MAX_SESSIONS,
  MAX_BUFFERED_BYTES,
  type RelayOptions,
  relayPlan,
  TARGET_KEEP_ALIVE_MS,
} from "../../../../src/services/relay/relay-options.ts";

test("the defaults", () => {
  expect(relayPlan({ to: "unix:/run/app.sock" })).toEqual({
    target: { scheme: "unix", path: "/run/app.sock" },
    settings: {
      to: "unix:/run/app.sock",
      connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
      idleTimeoutMs: undefined,
      writeTimeoutMs: 30_000,
      maxBufferedBytes: DEFAULT_MAX_BUFFERED_BYTES,
      maxSessions: DEFAULT_MAX_SESSIONS,
      onEvent: undefined,
    },
  });
});

test("the kernel probes a TCP target, unless the URL says otherwise", () => {
  expect(relayPlan({ to: "tcp://127.0.0.1:80" }).target).toMatchObject({ keepAliveMs: TARGET_KEEP_ALIVE_MS });
  expect(relayPlan({ to: "tcp://127.0.0.1:80?keepalive=5s" }).target).toMatchObject({ keepAliveMs: 5_000 });
  expect(relayPlan({ to: "udp://127.0.0.1:80" }).target).not.toHaveProperty("keepAliveMs");
});

test("maxBufferedBytes is at most MAX_BUFFERED_BYTES", () => {
  const to = "tcp://127.0.0.1:80";
  expect(relayPlan({ to, maxBufferedBytes: MAX_BUFFERED_BYTES }).settings.maxBufferedBytes).toBe(MAX_BUFFERED_BYTES);
  expect(() => relayPlan({ to, maxBufferedBytes: MAX_BUFFERED_BYTES + 1 })).toThrow(RangeError);
});

test.each([
  [undefined, 'The "options.to" argument must be a socket URL such as "tcp://127.0.0.1:8000"'],
  [5, 'The "options.to" argument must be a socket URL such as'],
  ["localhost:80", "has no scheme: write tcp://localhost:80"],
  ["tcp://*:80", "is for listeners: to connect, write the address of one machine"],
  ["tcp://127.0.0.1:0", "has the port 0, which is for listeners"],
  ["fd:3", "is a listener: to connect, write its address"],
  ["http://127.0.0.1:80", "is for programs that speak http: write tcp://127.0.0.1:80"],
  ["https://127.0.0.1:80", "is for programs that speak http: write tls://127.0.0.1:80"],
  ["http+unix:/a", "is for programs that speak http: write unix:/a"],
])("a target %j is refused", (to, told) => {
  expect(() => relayPlan({ to } as RelayOptions)).toThrow(told);
});
