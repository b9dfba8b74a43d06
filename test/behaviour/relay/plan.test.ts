// A relay as a service of `sockwright up`.
import { expect, test } from "vitest";
import { serviceMaker } from "../../../src/supervisor/kinds.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { mistakesIn, serviceFile, serviceIn } from "../../support/plan-reading.ts";
import { echo, serving, urlOf } from "../../support/serving.ts";

const TCP = '"tcp://127.0.0.1:8000"';

test("a file names the target, and limits", async () => {
  const target = await serving(echo);
  const to = `to = ${JSON.stringify(urlOf(target))}`;
  const { source } = await serviceIn(serviceFile("relay", TCP, to, 'idle-timeout = "5m"', 'max-buffered = "128KiB"'));
  if (source.type !== "kind") throw new Error(source.type);
  expect(source).toMatchObject({ kind: "relay", options: { idleTimeoutMs: 300_000, maxBufferedBytes: 131_072 } });
  const make = serviceMaker(() => ({ log: () => undefined, onError: () => undefined }));
  const overview = {
    services: () => [],
    httpListeners: () => [],
    alarms: () => [],
    connections: () => [],
    abort: () => false,
  };
  const server = await serving(await make(source.kind, source.options, { service: "a", overview }));
  expect(await echoOf(await connected(server))).toBe("hello");
});

test.each([
  [TCP, [], /^1:1: the relay service has no to; write it, such as to = "tcp:/],
  [TCP, ['to = "localhost:80"'], /has no scheme: write tcp:\/\/localhost:80/],
  [TCP, ['to = "udp://127.0.0.1:80"'], /is no place for relay: one carries bytes and the other datagrams/],
  ['"http://127.0.0.1:80/"', ['to = "tcp://127.0.0.1:80"'], /relay/],
  [TCP, ['to = "tcp://127.0.0.1:80"', 'max-buffered = "1MiB"'], /max-buffered/],
  [TCP, ['to = "tcp://127.0.0.1:80"', 'on-event = "x"'], /on-event/],
])("%s with %j is a mistake", async (listen, lines, told) => {
  const mistakes = await mistakesIn(serviceFile("relay", listen, ...lines));
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toMatch(told);
});
