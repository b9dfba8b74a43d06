// docs/guides/limits.md names every limit of a server, its default, and the name that it is counted under.
import { expect, test } from "vitest";
import { connectionLimits } from "../../src/server/connection/connection-options.ts";
import { ALARM_COOLDOWN_MS } from "../../src/server/limits/level-alarm.ts";
import { DEFAULT_WRITE_TIMEOUT_MS, listenerSettings } from "../../src/server/listener-options.ts";
import { serveLimits } from "../../src/server/serve-options.ts";
import { DEFAULT_GRACE_MS } from "../../src/server/server.ts";
import { ServerCounters } from "../../src/server/telemetry/server-counters.ts";
import { codeIn, read, section, tables } from "./pages.ts";

const text = read("docs/guides/limits.md");
// The list of all options has a test of its own: option-tables.test.ts.
const rows = tables(text.replace(section(text, "## All options"), "")).flatMap(([, ...rows]) => rows);
const defaults = new Map(rows.map(([option = "", , value = ""]) => [codeIn(option)[0] ?? "", value]));

/** What limits something, by default. */
function limitsOf() {
  const { server, listeners } = serveLimits({});
  const { onError: _, onAlarm: _hook, context: _context, ...limits } = server;
  const [settings] = listenerSettings("tcp://127.0.0.1:0", listeners);
  if (settings === undefined) throw new Error("no listener");
  const { whenFull, handshakeTimeoutMs, maxHandshakes, maxHandshakesPerAddress, backlog } = settings;
  const { keepAliveMs, userTimeoutMs } = settings;
  const handshakes = { handshakeTimeoutMs, maxHandshakes, maxHandshakesPerAddress };
  const { maxUnsentBytesWhileReading: _unsent, ...ofConnections } = settings.limits;
  return { ...limits, ...ofConnections, whenFull, ...handshakes, backlog, keepAliveMs, userTimeoutMs };
}

test("every option that limits something has its row", () => {
  const { whenFull, whenWriteBufferFull, ...limits } = limitsOf();
  const options = Object.keys(limits);
  expect(options.length).toBeGreaterThan(10);
  expect(options.filter((name) => !defaults.has(name))).toEqual([]);
  expect(text).toContain("`whenFull`");
  expect([whenFull, whenWriteBufferFull]).toEqual(["wait", "close"]);
  for (const policy of ["close", "drop", "throw"]) expect(defaults.has(`"${policy}"`)).toBe(true);
});

test("the defaults are those of the server", () => {
  const {
    alarms: _,
    whenFull,
    whenWriteBufferFull,
    maxUnsentBytesWhileReading,
    ...limits
  } = {
    ...limitsOf(),
    ...connectionLimits({}),
    writeTimeoutMs: DEFAULT_WRITE_TIMEOUT_MS,
  };
  // It follows from another, and is no option.
  expect(text).toContain(
    `while ${maxUnsentBytesWhileReading / 2 ** 20} MiB waits to be sent, or half of \`maxWriteBufferBytes\``,
  );
  expect(text).toContain(`"${whenFull}"\`, the default`);
  expect(text).toContain(`| \`"${whenWriteBufferFull}"\`, the default |`);
  for (const [name, value] of Object.entries(limits)) {
    const isNone = value === undefined || value === Number.POSITIVE_INFINITY;
    expect([name, defaults.get(name)?.replaceAll(" ", "")]).toEqual([name, isNone ? "none" : String(value)]);
  }
  expect(text).toContain(`${ALARM_COOLDOWN_MS / 1_000} s later`);
  expect(text).toContain(`waits for its connections, ${DEFAULT_GRACE_MS / 1_000} s by default`);
});

test("every reason that is counted is named", () => {
  const { connectionsRefused, connectionsExpired, datagramsDropped, handshakesFailed } = new ServerCounters(
    "",
  ).snapshot(0);
  const reasons = [connectionsRefused, connectionsExpired, datagramsDropped].flatMap((tally) => Object.keys(tally));
  const failures = Object.keys(handshakesFailed);
  expect(failures.length).toBeGreaterThan(5);
  const told = codeIn(section(text, "## Between accept and service").replace(/```.*?```/gs, ""));
  expect(failures.filter((reason) => !told.includes(reason))).toEqual([]);
  expect(reasons.length).toBeGreaterThan(10);
  expect(reasons.filter((reason) => !new RegExp(`(?:\\["${reason}"\\]|\\.${reason})\``).test(text))).toEqual([]);
});

test("every channel of a server is named", () => {
  const channels = read("src/server/telemetry/channels.ts").match(/sockwright:server:[\w:-]+/g) ?? [];
  expect(channels.length).toBeGreaterThan(2);
  expect(channels.filter((channel) => !text.includes(`\`${channel}\``))).toEqual([]);
});
