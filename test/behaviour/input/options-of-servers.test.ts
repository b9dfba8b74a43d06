// Layer 2 and the services: the error for an unknown option names it; the error for a wrong value says what it should
// be. So do the errors for arguments that are not a URL, a service or a function.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { loopbackCertificate } from "../../../src/certificate/loopback-certificate.ts";
import { lines } from "../../../src/codec.ts";
import type { LingerOptions } from "../../../src/server/connection/linger.ts";
import type {
  CloseOptions,
  CommonOptions,
  Connection,
  ConnectionOptions,
  ConnectOptions,
  ConnectTarget,
  LimitedRead,
  ListenerOptions,
  ReloadOptions,
  SendFileOptions,
  ServeOptions,
  TlsOptions,
  UpgradeTlsOptions,
  WaitOptions,
} from "../../../src/server.ts";
import { connect, formatSocketUrl, openMetrics, parseSocketUrl, serve } from "../../../src/server.ts";
import { type ChatOptions, chat } from "../../../src/services/chat/chat.ts";
import { type FilesOptions, files } from "../../../src/services/files/files.ts";
import { type GreetOptions, greet } from "../../../src/services/greet/greet.ts";
import { type RelayOptions, relay } from "../../../src/services/relay/relay.ts";
import type { Overview } from "../../../src/services/status/overview.ts";
import { type StatusOptions, status } from "../../../src/services/status/status.ts";
import { openRoot, type RootOptions } from "../../../src/services/web/root.ts";
import { type WebOptions, web, webMiddleware } from "../../../src/services/web/web.ts";
import { memoryPair } from "../../../src/testing.ts";
import {
  expectDefaults,
  expectNoOtherName,
  expectNoOtherValue,
  expectNoOtherValueOfOne,
  row,
} from "../../support/option-table.ts";

const ANYWHERE = "tcp://127.0.0.1:0";
const service = (): void => undefined;

async function served(options?: ServeOptions): Promise<void> {
  await (await serve(ANYWHERE, service, options)).close();
}

const authority = loopbackCertificate();
const bundle = join(mkdtempSync(join(tmpdir(), "sockwright-options-")), "bundle.pem");
writeFileSync(bundle, authority.cert);
afterAll(() => rmSync(dirname(bundle), { recursive: true }));

/** A client that begins TLS by itself, with a server that speaks it from the start, and that the system trusts. */
async function upgraded(options?: UpgradeTlsOptions): Promise<void> {
  vi.stubEnv("SSL_CERT_FILE", bundle);
  const own = { cert: Buffer.from(authority.cert), key: Buffer.from(authority.key) };
  const server = await serve({ url: "tls://127.0.0.1:0", ...own }, service);
  const client = await connect((server.urls[0] ?? "").replace("tls:", "tcp:"));
  try {
    await client.upgradeTls(options);
  } finally {
    client.abort();
    await server.close();
    vi.unstubAllEnvs();
  }
}

async function connectOnce(options?: ConnectOptions): Promise<void> {
  const server = await serve(ANYWHERE, service);
  try {
    await (await connect(server.urls[0] ?? "", options)).close();
  } finally {
    await server.close();
  }
}

/** Copies an object with its property descriptors, and adds a URL if it has none. */
function withUrl(given: unknown, url: string): { url: string } {
  const own = Object.getOwnPropertyDescriptors(Object(given ?? {}) as Record<string, unknown>);
  const isGiven = own["url"]?.get !== undefined || own["url"]?.value !== undefined;
  const all = isGiven ? own : { ...own, url: { value: url, enumerable: true } };
  return Object.create(given === undefined ? Object.prototype : (Object.getPrototypeOf(given) as object), all) as {
    url: string;
  };
}

/** Returns the options of a relay, with a target if they have none. What is no object of options stays as it is. */
function withTarget(given: RelayOptions | undefined): RelayOptions {
  if (given === undefined) return { to: "tcp://127.0.0.1:80" };
  // The rows pass any value.
  const value: unknown = given;
  const isOptions = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isOptions || given instanceof AbortSignal || ArrayBuffer.isView(given)) return given;
  const own: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(given);
  const isGiven = own["to"]?.get !== undefined || own["to"]?.value !== undefined;
  const all = isGiven ? own : { ...own, to: { value: "tcp://127.0.0.1:80", enumerable: true } };
  const prototype: unknown = Object.getPrototypeOf(given);
  return Object.create(prototype as object | null, all) as RelayOptions;
}

async function listenOnce(listener?: ListenerOptions): Promise<void> {
  await (await serve(withUrl(listener, ANYWHERE), service)).close();
}

async function connectedTo(target?: ConnectTarget): Promise<void> {
  const server = await serve(ANYWHERE, service);
  try {
    await (await connect(withUrl(target, server.urls[0] ?? ""))).close();
  } finally {
    await server.close();
  }
}

async function reloaded(change?: ReloadOptions): Promise<void> {
  const server = await serve(ANYWHERE, service);
  try {
    await server.reload(change);
  } finally {
    await server.close();
  }
}

/** Returns one end of a pair in memory, which needs no close. */
function connection(): Connection {
  const { client, server } = memoryPair();
  onTestFinished(() => {
    client.abort();
    server.abort();
  });
  server.write("hello\n");
  void server.end();
  return client;
}

const webValues = {
  index: [["a"], []],
  listing: [true],
  spa: [true, "x"],
  notFound: ["x"],
  dotfiles: [],
  symlinks: [],
  precompressed: [true],
  cache: [{ a: "b" }],
  mediaTypes: [{ ".a": "a/b" }],
  headers: [{ a: "b" }],
  securityHeaders: [true],
  contentSecurityPolicy: ["x"],
  cacheBytes: [],
  cacheDescriptors: [],
  routes: [{ "/a": "b" }],
  templates: [["a"], []],
  vars: [{}],
  variables: [],
  accessLog: [],
  accessLogFormat: [],
  watch: [true],
  onError: [],
};
/** The data of a status service when nothing runs. */
const NOTHING: Overview = {
  services: () => [],
  httpListeners: () => [],
  alarms: () => [],
  connections: () => [],
  abort: () => false,
};
const none = { maxReadBufferBytes: [], highWaterBytes: [], lowWaterBytes: [], maxWriteBufferBytes: [] };
const policy: { [Name in keyof ConnectionOptions]-?: readonly unknown[] } = {
  ...none,
  whenWriteBufferFull: [],
  drainTimeoutMs: [],
  firstByteTimeoutMs: [],
  idleTimeoutMs: [],
  readTimeoutMs: [],
  writeTimeoutMs: [],
  totalTimeoutMs: [],
};
/** The options of TLS where there is none: each value is refused. */
const noTls = { cert: [], key: [], ca: [], crl: [], client: [], alpn: [], min: [], servername: [], pin: [] };
/** The same as options for all listeners, of which some have TLS. */
const tls: { [Name in keyof TlsOptions]-?: readonly unknown[] } = {
  ...noTls,
  cert: ["x"],
  key: ["x"],
  ca: ["x"],
  crl: ["x"],
  servername: ["x"],
};
const common: { [Name in keyof CommonOptions]-?: readonly unknown[] } = {
  ...policy,
  ...noTls,
  detectTruncation: [],
  transport: [],
  backlog: [],
  whenFull: [],
  handshake: [],
  proxyFrom: [],
  handshakeTimeoutMs: [],
  maxHandshakes: [],
  maxHandshakesPerAddress: [],
  keepAliveMs: [],
  userTimeoutMs: [],
  noDelay: [true],
};

/** All values that a row would try, for options that another row checks. */
const WRONG: readonly unknown[] = [null, "x", {}, [], -1, Number.NaN, 1.5, 2 ** 53, true, Symbol("x")];

const wait = { timeoutMs: [], signal: [] };

describe.each([
  row<ServeOptions>(
    "serve()",
    "promise",
    {
      ...common,
      ...tls,
      detectTruncation: [true],
      onError: [],
      maxConnections: [],
      maxConnectionsPerAddress: [],
      acceptRatePerAddress: [],
      datagramRatePerAddress: [],
      maxPendingReplies: [],
      maxPendingRepliesPerAddress: [],
      alarms: [[]],
      onAlarm: [],
      context: [],
    },
    served,
  ),
  row<ConnectOptions>(
    "connect()",
    "promise",
    { ...policy, ...noTls, handshakeTimeoutMs: [], transport: [], signal: [], timeoutMs: [], proxySend: [] },
    connectOnce,
  ),
  row<UpgradeTlsOptions>("connection.upgradeTls()", "promise", { ...tls, role: [], handshakeTimeoutMs: [] }, upgraded),
  // Each is checked as the argument of serve() that it stands for; the rows below list its own wrong values.
  row<ReloadOptions>(
    "server.reload()",
    "promise",
    { listeners: WRONG, service: WRONG, options: WRONG },
    reloaded,
    "change",
  ),
  row<CloseOptions>("server.close()", "promise", { graceMs: [], signal: [] }, async (options) => {
    const server = await serve(ANYWHERE, service);
    try {
      await server.close(options);
    } finally {
      await server.close();
    }
  }),
  row<LingerOptions>("connection.close()", "promise", { lingerMs: [], idleMs: [] }, (options) =>
    connection().close(options),
  ),
  // A value in the place of the options that is not an object is `maxBytes`.
  row<LimitedRead>("connection.read()", "promise", { maxBytes: [], ...wait }, (options) =>
    connection().read(typeof options === "object" ? options : ([options] as never)),
  ),
  row<WaitOptions>("connection.readExactly()", "promise", wait, (options) => connection().readExactly(1, options)),
  row<WaitOptions>("connection.drained()", "promise", wait, (options) => connection().drained(options)),
  row<WaitOptions>("connection.flushed()", "promise", wait, (options) => connection().flushed(options)),
  row<WaitOptions>("frames.read()", "promise", wait, (options) => connection().frames(lines()).read(options)),
  row<WaitOptions>("frames.skip()", "promise", wait, (options) => connection().frames(lines()).skip(options)),
  row<LimitedRead>("connection.readUntil()", "promise", { maxBytes: [], ...wait }, (options) =>
    connection().readUntil("\n", options),
  ),
  row<SendFileOptions>("connection.sendFile()", "promise", { offset: [], length: [], head: ["x"] }, (options) =>
    connection().sendFile("package.json", options),
  ),
  row<GreetOptions>(
    "greet()",
    "value",
    {
      greeting: ["x"],
      reply: ["x"],
      farewell: ["x"],
      frame: [],
      readBytes: [],
      closeAfterFirst: [true],
      delayMs: [],
      onEvent: [],
    },
    (options) => greet(options),
  ),
  row<RelayOptions>(
    "relay()",
    "value",
    {
      to: ["x"],
      connectTimeoutMs: [],
      idleTimeoutMs: [],
      writeTimeoutMs: [],
      maxBufferedBytes: [],
      maxSessions: [],
      onEvent: [],
    },
    (options) => relay(withTarget(options)),
  ),
  row<ChatOptions>(
    "chat()",
    "value",
    {
      history: ["x"],
      retainMs: [],
      messageRate: [1.5],
      messageBurst: [],
      maxMessageBytes: [],
      maxSendQueueBytes: [],
      maxMembers: [],
      maxRooms: [],
      maxConnectionsPerAddress: [],
      nameTimeoutMs: [],
      hosts: [[]],
      onError: [],
    },
    (options) => chat(options),
  ),
  row<StatusOptions>(
    "status()",
    "value",
    {
      metrics: ["x"],
      tokenFile: ["x"],
      hosts: [[]],
      sampleIntervalMs: [],
      historyMs: [],
      maxWatchers: [],
      maxRows: [],
      http: [{}],
      onError: [],
      clock: [],
    },
    (options) => status(NOTHING, options),
  ),
  row<WebOptions>("web()", "value", { ...webValues, http: [{}] }, (options) => web("/", options)),
  row<FilesOptions>(
    "files()",
    "value",
    {
      allow: [["list"], []],
      users: ["x"],
      hosts: [[]],
      allowOrigins: [[]],
      maxFileBytes: [],
      quotaBytes: [],
      maxPartials: [],
      expireMs: [],
      digest: [],
      onConflict: [],
      onReceipt: [],
      onError: [],
      http: [{}],
    },
    (options) => files("/", options),
  ),
  // The middleware's server has its own options.
  row<WebOptions>("webMiddleware()", "value", { ...webValues, http: [] }, (options) => {
    webMiddleware("/", options);
  }),
  row<RootOptions>("openRoot()", "promise", { symlinks: [] }, async (options) =>
    (await openRoot("/", options)).close(),
  ),
])("$call", (each) => {
  test("refuses every other option", () => expectNoOtherName(each));
  test("refuses every other value of an option", () => expectNoOtherValue(each));
  test("uses the default for an undefined option", () => expectDefaults(each));
});

/** A listener and the target of connect() may also be a text. The error for any other value shows a URL to write. */
describe.each([
  row<ListenerOptions>("a listener", "promise", { ...common, url: ["x"], maxConnections: [] }, listenOnce, "listener"),
  row<ConnectTarget>(
    "connect()",
    "promise",
    {
      ...policy,
      ...noTls,
      handshakeTimeoutMs: [],
      transport: [],
      signal: [],
      timeoutMs: [],
      proxySend: [],
      url: ["x"],
    },
    connectedTo,
    "target",
  ),
])("$call as one object with its URL", (each) => {
  test("refuses every other option", () => expectNoOtherName(each));
  test("refuses every other value of an option", () => expectNoOtherValueOfOne(each));
  test("uses the default for an undefined option", () => expectDefaults(each));
});

describe("an object with a URL", () => {
  test.each<[make: () => unknown, told: string]>([
    [() => call.serve({ url: undefined }, service), 'The "listener.url" argument must be a socket URL such as'],
    [() => call.serve([ANYWHERE, { url: 5 }], service), 'The "listeners[1].url" argument must be a socket URL such as'],
    [() => call.serve([ANYWHERE, { ulr: ANYWHERE }], service), 'The "url" argument must be a socket URL such as'],
    [() => call.serve([{ url: ANYWHERE, backlog: 0 }], service), 'The value of "listeners[0].backlog" is out of range'],
    [() => call.connect({ url: undefined }), 'The "target.url" argument must be a socket URL such as'],
    [() => call.connect({ url: new URL("tcp://[::1]:1") }), 'The "target.url" argument must be a socket URL such as'],
  ])("%s", async (make, told) => {
    await expect(make()).rejects.toThrow(told);
  });

  test("the options of connect()'s target take precedence over those beside it", async () => {
    const server = await serve(ANYWHERE, service);
    onTestFinished(async () => void (await server.close()));
    const [url = ""] = server.urls;
    const aborted = { signal: AbortSignal.abort() };
    await expect(connect({ url, ...aborted }, {})).rejects.toMatchObject({ name: "AbortError" });
    await expect(connect({ url }, aborted)).rejects.toMatchObject({ name: "AbortError" });
    const client = await connect({ url, signal: new AbortController().signal }, aborted);
    await client.close();
  });
});

describe("server.reload() refuses what serve() refuses", () => {
  test.each<[change: object, told: string]>([
    [{ listeners: null }, 'The "url" argument must be a socket URL'],
    [{ listeners: 8000 }, 'The "url" argument must be a socket URL such as "tcp://127.0.0.1:8000"'],
    [{ listeners: [] }, "must have at least one socket URL"],
    [{ listeners: [{ url: ANYWHERE, maxConections: 1 }] }, "Did you mean maxConnections?"],
    [[ANYWHERE], 'The "change" argument must be of type object, such as { listeners }'],
    [{ maxConnections: 1 }, "It belongs in 'change.options', with all other options to keep"],
    [{ urls: [] }, "Did you mean listeners?"],
    [{ service: null }, 'The "service" argument must be of type object, or a function'],
    [{ service: {} }, 'The "service.name" argument must be of type string'],
    [{ options: null }, 'The "options" argument must be of type object'],
    [{ options: { maxConnections: 0 } }, 'The value of "options.maxConnections" is out of range'],
  ])("%j", async (change, told) => {
    await expect(reloaded(change)).rejects.toThrow(told);
  });
});

describe("the error for an option of another call says where it belongs", () => {
  test.each(["onError", "maxConnectionsPerAddress", "acceptRatePerAddress", "alarms", "context"])(
    "%s of a listener is an option of its server",
    async (name) => {
      const listener = { url: ANYWHERE, [name]: undefined };
      await expect(serve(listener, service)).rejects.toThrow(`serve(listeners, service, { ${name}: … })`);
    },
  );

  test.each([
    ["keepAliveMs", "?keepalive=60s"],
    ["userTimeoutMs", "?user-timeout=30s"],
    ["noDelay", "?nodelay=off"],
  ])("%s of a client is in its URL", async (name, option) => {
    const options: object = { [name]: 1_000 };
    await expect(connect("tcp://127.0.0.1:1", options)).rejects.toThrow(`Write it in the URL: ${option}`);
    await expect(connect({ url: "tcp://127.0.0.1:1", ...options })).rejects.toThrow(`Write it in the URL: ${option}`);
  });
});

test("further arguments of a Node stream are refused, not ignored", async () => {
  const { client: left, server: right } = memoryPair();
  onTestFinished(() => void [left.abort(), right.abort()]);
  const stream = left as unknown as Record<"write" | "end", (...given: unknown[]) => unknown>;
  expect(() => stream.write("x", () => undefined)).toThrow("await drained(), or flushed(), after write");
  expect(() => stream.write("00", "hex")).toThrow('write(Buffer.from(data, "hex"))');
  await expect(stream.end("x")).rejects.toThrow("call write(data) before");
  left.write("still open");
  expect(String(await right.read())).toBe("still open");
});

describe("the error for an option name of another library suggests the right one", () => {
  test.each<[given: object, meant: string]>([
    [{ highWaterMark: 1 }, "highWaterBytes"],
    [{ timeout: 1 }, "idleTimeoutMs"],
    [{ max_connections: 1 }, "maxConnections"],
    [{ maxConections: 1 }, "maxConnections"],
    [{ maxClients: 1 }, "maxConnections"],
    [{ idleTimeout: 1 }, "idleTimeoutMs"],
    [{ onerror: 1 }, "onError"],
  ])("of serve(): %j", async (given, meant) => {
    await expect(served(given)).rejects.toThrow(`Did you mean ${meant}?`);
  });

  test.each([
    ["certfile", "cert"],
    ["keyfile", "key"],
    ["cafile", "ca"],
    ["cacert", "ca"],
    ["server_hostname", "servername"],
    ["ALPNProtocols", "alpn"],
    ["minVersion", "min"],
    ["minimum_version", "min"],
    ["requestCert", "client"],
    ["rejectUnauthorized", "pin"],
  ])("of TLS in Python, Node and curl: %s is %s", async (given, meant) => {
    await expect(connect("tls://127.0.0.1:1", { [given]: true })).rejects.toThrow(`Did you mean ${meant}?`);
  });

  test.for(["timeout", "connectTimeout", "connectTimeoutMs", "timeout_ms"])(
    "of connect(): %s is timeoutMs",
    async (name) => {
      const options: object = { [name]: 250 };
      await expect(connect("tcp://127.0.0.1:1", options)).rejects.toThrow("Did you mean timeoutMs?");
      const server = await serve("tcp://127.0.0.1:0", () => undefined);
      await expect(server.close({ signal: 250 } as never)).rejects.toThrow("such as AbortSignal.timeout(250)");
      await server.close();
    },
  );

  test("the error for a name that resembles no option lists the options", async () => {
    const options: object = { port: 1 };
    await expect(connection().close(options)).rejects.toThrow(
      "The property 'options.port' is no option of connection.close(). It has lingerMs, idleMs",
    );
  });

  test.each<[given: object, path: string]>([
    [{ acceptRatePerAddress: { perSecond: 1, bursts: 2 } }, "options.acceptRatePerAddress.bursts"],
    [{ datagramRatePerAddress: { persecond: 1 } }, "options.datagramRatePerAddress.persecond"],
    [{ alarms: [{ raiseAt: 5, clearat: 1 }] }, "options.alarms[0].clearat"],
  ])("within an option: %j", async (given, path) => {
    await expect(served(given)).rejects.toThrow(`The property '${path}' is no option of`);
  });
});

/** Functions without types, as plain JavaScript calls them. */
type Untyped = (...given: unknown[]) => unknown;
const call = {
  serve: serve as Untyped,
  connect: connect as Untyped,
  parseSocketUrl: parseSocketUrl as Untyped,
  formatSocketUrl: formatSocketUrl as Untyped,
  openMetrics: openMetrics as Untyped,
};

describe("the error for an argument of the wrong type says what to write", () => {
  const url = 'The "url" argument must be a socket URL such as';
  const FUNCTION = "argument must be of type function";
  const wrong: readonly (readonly [what: string, make: () => unknown, told: string])[] = [
    ["serve([], f)", () => call.serve([], service), `must have at least one socket URL`],
    ["serve(8000, f)", () => call.serve(8000, service), `${url} "tcp://127.0.0.1:8000". Received type number (8000)`],
    ["serve([8000], f)", () => call.serve([8000], service), `${url} "tcp://127.0.0.1:8000"`],
    ["serve()", () => call.serve(), `${url} "tcp://127.0.0.1:8000". Received undefined`],
    ["serve(url)", () => call.serve(ANYWHERE), 'The "service" argument must be of type object, or a function'],
    ["serve(url, 5)", () => call.serve(ANYWHERE, 5), 'The "service" argument must be of type object, or a function'],
    ["serve(url, {})", () => call.serve(ANYWHERE, {}), 'The "service.name" argument must be of type string'],
    ["a stream that is none", () => call.serve(ANYWHERE, { name: "x", stream: 1 }), `"service.stream" ${FUNCTION}`],
    ["serve(url, http)", () => call.serve(ANYWHERE, createServer()), 'http.emit("connection", connection.stream())'],
    ["a function by another name", () => call.serve(ANYWHERE, { name: "x", onConnection: service }), "mean stream?"],
    ["a misspelled stream", () => call.serve(ANYWHERE, { name: "x", steam: service }), "Did you mean stream?"],
    [
      "udp: with a function",
      () => serve("udp://127.0.0.1:0", service),
      "needs { name, datagram({ data, reply }) { … } }",
    ],
    [
      "tcp: with a datagram function",
      () => serve(ANYWHERE, { name: "x", datagram: service }),
      "serves no connections: tcp://127.0.0.1:0 needs a function stream(connection)",
    ],
    ["a rate that is a number", () => call.serve(ANYWHERE, service, { acceptRatePerAddress: 5 }), "{ perSecond: 5 }"],
    ["an alarm that is a number", () => call.serve(ANYWHERE, service, { alarms: [5] }), "{ raiseAt: 900 }"],
    ["an alarm that is none", () => call.serve(ANYWHERE, service, { alarms: [undefined] }), "{ raiseAt: 900 }"],
    ["connect({ port })", () => call.connect({ host: "::1", port: 80 }), `${url} "tcp://[::1]:80"`],
    ["connect({ path })", () => call.connect({ path: "/run/x" }), `${url} "unix:/run/x"`],
    ["connect(new URL())", () => call.connect(new URL("tcp://[::1]:80")), `${url} "tcp://[::1]:80"`],
    ['connect("localhost:8000")', () => connect("localhost:8000"), "has no scheme: write tcp://localhost:8000"],
    ["close(5)", () => connection().close(...([5] as never[])), "such as { lingerMs: 5 }. Received type number (5)"],
    [
      "onBytes()",
      () => connection().onBytes(...([] as never[] as [never])),
      `The "take" ${FUNCTION}, such as (bytes) => …`,
    ],
    [
      "onFrame()",
      () =>
        connection()
          .frames(lines())
          .onFrame(...([] as never[] as [never])),
      `The "take" ${FUNCTION}, such as (frame) => …`,
    ],
    [
      "sendFile(true)",
      () => connection().sendFile(true as never),
      'The "source" argument must be a path, a FileHandle',
    ],
    ["readUntil(5)", () => connection().readUntil(5 as never), 'The "delimiter" argument must be of type string'],
    ['read("5")', () => connection().read("5" as never), "of type number: 5, without quotes"],
  ];

  test.each(wrong)("%s rejects", async (_, make, told) => {
    let made: unknown;
    expect(() => {
      made = make();
    }).not.toThrow();
    await expect(made).rejects.toThrow(told);
    await expect(made).rejects.toHaveProperty("code");
  });

  test.each<[what: string, make: () => unknown, told: string]>([
    ["write(5)", () => connection().write(5 as never), 'The "data" argument must be of type string or an instance of'],
    ['abort("x")', () => connection().abort("x" as never), 'The "reason" argument must be an instance of Error'],
    [
      "frames(lines)",
      () => connection().frames(lines as never),
      'The "codec" argument must be a codec, such as lines()',
    ],
    [
      "frames()",
      () => connection().frames(undefined as never),
      'The "codec" argument must be a codec, such as lines()',
    ],
    ["parseSocketUrl(1)", () => call.parseSocketUrl(1), `${url} "tcp://127.0.0.1:1"`],
    ["openMetrics(server.stats())", () => call.openMetrics({}), "an iterable of statistics, such as [server.stats()]"],
    ["openMetrics([server])", () => call.openMetrics([{}]), "an iterable of statistics, such as [server.stats()]"],
    ["openMetrics()", () => call.openMetrics(), "an iterable of statistics, such as [server.stats()]"],
    ["formatSocketUrl(text)", () => call.formatSocketUrl("x"), 'The "url" argument must be of type object'],
  ])("%s throws", (_, make, told) => {
    expect(make).toThrow(told);
    expect(make).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  });

  test("server.close(5) rejects and server.abort(text) throws", async () => {
    const server = await serve(ANYWHERE, service);
    expect(() => (server.abort as Untyped).call(server, "1")).toThrow('The "id" argument must be of type number');
    const wrongly = server.close as Untyped;
    await expect(wrongly.call(server, 5)).rejects.toThrow("such as { graceMs: 5 }. Received type number (5)");
    await server.close();
  });

  test("a service that is an instance of a class may have its own fields", async () => {
    class Counting {
      readonly name = "counting";
      readonly count = 0;
      stream(): void {}
    }
    const server = await serve(ANYWHERE, new Counting());
    await expect(server.close()).resolves.toEqual({ aborted: 0, unfinished: 0 });
  });
});
