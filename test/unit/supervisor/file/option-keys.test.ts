// Each option of each kind of service, of a server and of a listener has a key in the file.
import { stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { HTTP_OPTIONS } from "../../../../src/http/service/http-options.ts";
import { LISTENER } from "../../../../src/server/listener-options.ts";
import type { OptionKind, OptionKinds } from "../../../../src/server/options/option-kind.ts";
import { SERVE } from "../../../../src/server/serve-options.ts";
import { TLS_OPTIONS } from "../../../../src/server/tls/tls-options.ts";
import { keyOf, keysOf } from "../../../../src/supervisor/file/option-keys.ts";
import { LISTENER_KEYS, SHARED_KEYS } from "../../../../src/supervisor/file/shared-keys.ts";
import { KINDS } from "../../../../src/supervisor/kinds.ts";
import { mistakesIn, planIn, serviceIn } from "../../../support/plan-reading.ts";

/** A value in the file, and the value that the library receives. */
type Sample = readonly [said: unknown, given: unknown];

const same = (value: unknown): Sample => [value, value];
const PIN = `sha256:${"0".repeat(64)}`;
const ABSOLUTE: unknown = expect.stringMatching(/^\/.+\/text$/);
/** Values for options with a custom check. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  index: same(["index.html", "index.htm"]),
  spa: same(true),
  notFound: same("404.html"),
  cache: same({ "*.css": "max-age=3600" }),
  mediaTypes: same({ ".gltf": "model/gltf+json" }),
  headers: same({ Server: "mine" }),
  contentSecurityPolicy: same("default-src 'self'"),
  routes: same({ "/go": "go.html" }),
  templates: same(["parts/**"]),
  vars: same({ title: "Sockwright", list: [1, 2] }),
  hosts: same(["www.example.org"]),
  allow: same(["list", "read"]),
  allowOrigins: same(["https://app.example.org"]),
  acceptRatePerAddress: ["30/m", { perSecond: 0.5 }],
  datagramRatePerAddress: [
    { "per-second": "5/s", burst: 20 },
    { perSecond: 5, burst: 20 },
  ],
  alarms: [
    [{ "raise-at": 900, "clear-at": 800, cooldown: "1m" }],
    [{ raiseAt: 900, clearAt: 800, cooldownMs: 60_000 }],
  ],
  messageRate: ["30/m", 0.5],
  metrics: same("numbers"),
  cert: ["text", ABSOLUTE],
  key: ["text", ABSOLUTE],
  ca: ["text", ABSOLUTE],
  crl: ["text", ABSOLUTE],
  alpn: same(["http/1.1"]),
  pin: same(PIN),
  proxyFrom: same(["10.0.0.0/8"]),
  to: same("tcp://127.0.0.1:8000"),
};

/** The smallest value of the option, in the format of the file. */
function sampleOf(name: string, { range }: OptionKind<unknown>): Sample {
  const own = SAMPLES[name];
  if (own !== undefined) return own;
  const [, least = ""] = /^(\d+) to \d+/.exec(range) ?? [];
  if (name.endsWith("Ms")) return [`${least}ms`, Number(least)];
  if (name.endsWith("Bytes"))
    return Number(least) % 1024 === 0 ? [`${Number(least) / 1024}KiB`, Number(least)] : same(Number(least));
  if (least !== "") return same(Number(least));
  if (range === "true or false") return same(true);
  const [, word = "text"] = /^"([^"]+)"/.exec(range) ?? [];
  return same(word);
}

function settable(kinds: OptionKinds): readonly [name: string, kind: OptionKind<unknown>][] {
  return Object.entries(kinds).filter(([, { isHook }]) => isHook !== true);
}

function hooks(kinds: OptionKinds): readonly string[] {
  return Object.keys(kinds).filter((name) => kinds[name]?.isHook === true);
}

const LISTEN: Readonly<Record<string, string>> = {
  greet: "tcp://127.0.0.1:0",
  relay: "tcp://127.0.0.1:0",
  web: "http://127.0.0.1:0/",
  files: "http://127.0.0.1:0/",
  chat: "tcp://127.0.0.1:0",
  status: "http://127.0.0.1:0/",
};

const REQUIRED: Readonly<Record<string, object>> = {
  web: { root: "/srv/public" },
  files: { root: "/srv/files" },
  relay: { to: "tcp://127.0.0.1:8000" },
};
/** What makes each option of TLS valid by itself. */
const WITH_TLS = { cert: "/a.pem", key: "/a.key", ca: "/ca.pem", client: "require" };

/** A file with one service of the given kind. */
function fileOf(kind: string, own: Readonly<Record<string, unknown>> = {}, server: unknown = {}): string {
  const required = REQUIRED[kind] ?? {};
  return stringify({ server, service: [{ name: "it", kind, listen: LISTEN[kind] ?? "", ...required, ...own }] });
}

describe.each([...KINDS])("the options of %s", (name, { options, paths }) => {
  test("can all be set by their keys", async () => {
    for (const [option, kind] of settable(options)) {
      const [said, given] = sampleOf(option, kind);
      const { source } = await serviceIn(fileOf(name, { [keyOf(option)]: said }));
      const isPath = Object.hasOwn(paths, option);
      expect(source.options[option], option).toEqual(isPath ? expect.stringMatching(/^\/.+\/text$/) : given);
    }
  });

  test("have different keys", () => {
    expect(keysOf(options).size).toBe(Object.keys(options).length);
  });
});

test("a key for a function is rejected", async () => {
  const all = [...KINDS].flatMap(([kind, { options }]) =>
    hooks(options).map((option) => [kind, keyOf(option)] as const),
  );
  expect(all).toContainEqual(["greet", "on-event"]);
  for (const [kind, key] of [...all, ["greet", "on-alarm"], ["web", "on-exchange"]] as const) {
    expect(await mistakesIn(fileOf(kind, { [key]: 5 }))).toContainEqual(
      expect.stringMatching(`: ${key} is a function, which a file cannot give; leave it out, or write a module$`),
    );
  }
});

describe.each([
  ["limits", SERVE.kinds],
  ["http", HTTP_OPTIONS.kinds],
] as const)("shared options of services: %s", (part, kinds) => {
  test("each option can be set in [server], and overridden by a service", async () => {
    for (const [option, kind] of settable(kinds)) {
      const [said, given] = sampleOf(option, kind);
      const key = keyOf(option);
      const service = await serviceIn(fileOf("greet", {}, { [key]: said }));
      expect(service[part], option).toEqual({ [option]: given });
      const other = await serviceIn(fileOf("greet", { [key]: said }, { [key]: said }));
      expect(other[part], option).toEqual({ [option]: given });
    }
  });
});

test("values of a service take precedence over those of [server]", async () => {
  const { limits, http, graceMs } = await serviceIn(
    fileOf(
      "web",
      { "idle-timeout": "1m", "max-body": "1MiB", grace: "3s" },
      { "idle-timeout": "5m", "max-body": "2MiB", grace: "0s", "max-connections": 10 },
    ),
  );
  expect({ limits, http, graceMs }).toEqual({
    limits: { idleTimeoutMs: 60_000, maxConnections: 10 },
    http: { maxBodyBytes: 1_048_576 },
    graceMs: 3_000,
  });
});

test("a limit of a kind is different from the server limit with the same key", async () => {
  const own = await serviceIn(
    fileOf("chat", { "max-connections-per-address": 5 }, { "max-connections-per-address": 9 }),
  );
  expect(own.source.options).toEqual({ maxConnectionsPerAddress: 5 });
  expect(own.limits).toEqual({ maxConnectionsPerAddress: 9 });
});

test("each listener option can be set in the table of the listener", async () => {
  for (const [key, { name, kind }] of LISTENER_KEYS) {
    if (kind.isHook === true) continue;
    // It is for clients.
    if (name === "servername") continue;
    const [said, given] = sampleOf(name, kind);
    const isTls = Object.hasOwn(TLS_OPTIONS, name) || name === "detectTruncation";
    const others = isTls ? { url: "tls://127.0.0.1:0", ...WITH_TLS } : { url: "tcp://127.0.0.1:0" };
    const { listeners } = await serviceIn(fileOf("greet", { listen: { ...others, [key]: said } }));
    expect(listeners, key).toEqual([{ listener: { ...others, [name]: given }, mount: undefined }]);
  }
  expect(LISTENER_KEYS.size).toBe(Object.keys(LISTENER.kinds).length - 1);
});

test("all shared options have different keys; a key is the option in kebab case without its unit", () => {
  expect(SHARED_KEYS.size).toBe(Object.keys(SERVE.kinds).length + Object.keys(HTTP_OPTIONS.kinds).length + 3);
  const keys = ["idleTimeoutMs", "maxSendQueueBytes", "noDelay", "readBytes", "cacheBytes", "index"].map(keyOf);
  expect(keys).toEqual(["idle-timeout", "max-send-queue", "no-delay", "read-size", "cache-size", "index"]);
});

test("user and group apply to the process, wherever they are set", async () => {
  const { plan } = await planIn(fileOf("greet", { group: "www-data" }, { user: "www-data", group: "www-data" }));
  expect([plan.user, plan.group]).toEqual(["www-data", "www-data"]);
  const { plan: none } = await planIn(fileOf("greet"));
  expect([none.user, none.group]).toEqual([undefined, undefined]);
});
