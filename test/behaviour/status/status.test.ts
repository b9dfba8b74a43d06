// What a client of the status service sees, byte for byte where it matters.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as nodeRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { mounts } from "../../../src/http.ts";
import { connect, type Server } from "../../../src/server.ts";
import { type StatusOptions, status } from "../../../src/services/status/status.ts";
import { MAX_SAMPLES } from "../../../src/services/status/status-options.ts";
import { manualClock } from "../../../src/testing.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";
import { connectionOf, FakeOverview, histogramOf, serviceOf, statsOf } from "./fake-overview.ts";
import { parsedMetrics } from "./open-metrics-parser.ts";
import { runningServices } from "./running-services.ts";

const TOKEN = "0123456789abcdef";

function overview(): FakeOverview {
  const fake = new FakeOverview();
  fake.serviceList = [
    serviceOf({
      stats: [statsOf({ connectionsAccepted: 3 })],
      limits: [{ name: "max-connections", limit: 9, used: 1 }],
    }),
  ];
  fake.connectionList = [connectionOf({ id: 7 })];
  return fake;
}

/** Serves the status service below `/status/`, its usual mount path. */
function served(fake: FakeOverview, options: StatusOptions = {}, url = "http://127.0.0.1:0"): Promise<Server> {
  return serving(mounts({ "/status/": status(fake, options) }), {}, url);
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly socketPath?: string;
}

/** Sends a request with node:http, which allows any Host and any Origin. */
function ask(url: string, { method = "GET", headers = {}, body, socketPath }: Question = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fields = { Connection: "close", ...headers };
    const sent = nodeRequest(url, { method, headers: fields, ...(socketPath === undefined ? {} : { socketPath }) });
    sent.on("error", reject);
    sent.on("response", (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces).toString() });
      });
    });
    sent.end(body);
  });
}

function form(fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Question {
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  return { method: "POST", headers: { ...type, ...headers }, body: new URLSearchParams(fields).toString() };
}

function tokenFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-status-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "token");
  writeFileSync(path, `${TOKEN}\n`, { mode: 0o600 });
  return path;
}

describe("the page", () => {
  test("contains the values and has a policy that loads nothing else", async () => {
    const { status: code, headers, body } = await ask(`${urlOf(await served(overview()))}/status/`);
    expect(code).toBe(200);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["cache-control"]).toBe("no-store");
    expect(body).toContain('<button type="submit" form="close" name="id" value="7"');
    expect(body).toContain('<meter min="0" max="9"');
  });

  test.each(["style.css", "page.js", "icon.svg"])("serves its %s", async (file) => {
    expect((await ask(`${urlOf(await served(overview()))}/status/${file}`)).status).toBe(200);
  });

  test.each([
    ["GET", "nothing", 404],
    ["GET", "login", 404],
    ["POST", "", 405],
    ["POST", "data", 405],
    ["GET", "close", 405],
    ["DELETE", "close", 405],
    ["POST", "login", 404],
    ["POST", "style.css", 405],
    ["HEAD", "", 200],
  ])("answers %s %s with %i", async (method, path, expected) => {
    expect((await ask(`${urlOf(await served(overview()))}/status/${path}`, { method })).status).toBe(expected);
  });

  test("works without a mount path, too", async () => {
    const server = await serving(status(overview()), {}, "http://127.0.0.1:0");
    expect((await ask(`${urlOf(server)}/`)).status).toBe(200);
  });
});

describe("a connection", () => {
  test("is closed by a program", async () => {
    const fake = overview();
    const url = `${urlOf(await served(fake))}/status/close`;
    expect(await ask(url, form({ id: "7" }))).toMatchObject({ status: 200, body: '{"id":7,"closed":true}\n' });
    expect(await ask(url, form({ id: "7" }))).toMatchObject({ status: 404, body: '{"id":7,"closed":false}\n' });
    expect(fake.aborted).toEqual([7]);
  });

  test("is closed by a form, which leads back to the same search and order", async () => {
    const fake = overview();
    const url = urlOf(await served(fake));
    const fields = { id: "7", search: "a&b", sort: "-in" };
    const answer = await ask(`${url}/status/close`, form(fields, { Accept: "text/html,*/*", Origin: url }));
    expect(answer).toMatchObject({ status: 303, headers: { location: "./?search=a%26b&sort=-in#connections" } });
    expect(fake.aborted).toEqual([7]);
  });

  test.each([
    ["no id", {}],
    ["an invalid id", { id: "7x" }],
    ["a negative id", { id: "-1" }],
  ])("is not closed for %s", async (_, fields) => {
    const fake = overview();
    expect((await ask(`${urlOf(await served(fake))}/status/close`, form(fields))).status).toBe(400);
    expect(fake.aborted).toEqual([]);
  });

  test("is not closed for a form that is too long", async () => {
    const fake = overview();
    const answer = await ask(`${urlOf(await served(fake))}/status/close`, form({ id: "7", search: "x".repeat(5_000) }));
    expect(answer.status).toBe(413);
    expect(fake.aborted).toEqual([]);
  });

  test.each(["null", "http://evil.example", "http://127.0.0.1:1", "https://HOST"])(
    "is not closed by a page of the origin %s",
    async (origin) => {
      const fake = overview();
      const url = urlOf(await served(fake));
      const headers = { Origin: origin.replace("HOST", new URL(url).host) };
      expect((await ask(`${url}/status/close`, form({ id: "7" }, headers))).status).toBe(403);
      expect(fake.aborted).toEqual([]);
    },
  );

  test("of a real server is reset for its client", async () => {
    const { greeter, page } = await runningServices();
    const client = await connect(urlOf(greeter));
    await client.readUntil("\n");
    const id = greeter.connections()[0]?.id;
    expect((await ask(`${page}close`, form({ id: `${id}` }))).status).toBe(200);
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    client.abort();
  });
});

describe("access", () => {
  test("is limited to names of this machine and to those in `hosts`", async () => {
    const url = `${urlOf(await served(overview(), { hosts: ["status.example.org"] }))}/status/data`;
    const codeFor = async (host: string): Promise<number> => (await ask(url, { headers: { Host: host } })).status;
    expect(await codeFor("evil.example")).toBe(421);
    expect(await codeFor("localhost:1")).toBe(200);
    expect(await codeFor("status.example.org")).toBe(200);
  });

  test.each(["", "data", "events", "metrics", "close"])("needs the token for /%s", async (path) => {
    const url = `${urlOf(await served(overview(), { tokenFile: tokenFile() }))}/status/${path}`;
    const method = path === "close" ? "POST" : "GET";
    const { status: code, headers } = await ask(url, { method });
    expect([code, headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    const wrong = await ask(url, { method, headers: { Authorization: "Bearer x" } });
    expect([wrong.status, wrong.headers["www-authenticate"]]).toEqual([401, 'Bearer error="invalid_token"']);
  });

  test("is given for the token", async () => {
    const url = `${urlOf(await served(overview(), { tokenFile: tokenFile() }))}/status/data`;
    expect((await ask(url, { headers: { Authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
  });

  test("is given for a cookie, which the client gets for the token", async () => {
    const url = urlOf(await served(overview(), { tokenFile: tokenFile() }));
    const login = await ask(`${url}/status/login`, form({ token: TOKEN }, { Origin: url }));
    const [cookie = ""] = login.headers["set-cookie"] ?? [];
    expect([login.status, login.headers["location"]]).toEqual([303, "./"]);
    expect(cookie).toMatch(/^sockwright-status=\S+; Path=\/status\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const headers = { Cookie: cookie.split(";")[0] ?? "" };
    expect((await ask(`${url}/status/data`, { headers })).status).toBe(200);
    const logout = await ask(`${url}/status/logout`, { method: "POST", headers });
    expect(logout.headers["set-cookie"]?.[0]).toContain("Max-Age=0");
  });

  test("is refused after too many wrong tokens", async () => {
    const clock = manualClock();
    const url = urlOf(await served(overview(), { tokenFile: tokenFile(), clock }));
    const codes: number[] = [];
    for (let tries = 0; tries < 11; tries++) {
      codes.push((await ask(`${url}/status/login`, form({ token: "wrong" }))).status);
    }
    expect(codes).toEqual([...Array<number>(10).fill(401), 429]);
    const { status: code, headers } = await ask(`${url}/status/data`, {
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    expect([code, headers["retry-after"]]).toEqual([429, "10"]);
    clock.advance(10_000);
    const answer = await ask(`${url}/status/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
    expect(answer.body).toContain("sockwright_status_wrong_tokens_total{} 12\n");
  });

  test("is given over a Unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-status-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "socket");
    await served(overview(), {}, `http+unix:${path}`);
    expect((await ask("http://localhost/status/data", { socketPath: path })).status).toBe(200);
  });
});

/** Collects the events of a stream as they arrive. */
async function watching(url: string): Promise<{ readonly text: () => string; readonly isOver: () => boolean }> {
  const connection = await connect(url.replace("http:", "tcp:"));
  onTestFinished(() => connection.abort());
  connection.write("GET /status/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  let [text, isOver] = ["", false];
  const reading = (async () => {
    for (let piece = await connection.read(); piece !== undefined; piece = await connection.read())
      text += String(piece);
    isOver = true;
  })();
  // The end of the test may abort the read.
  reading.catch(() => undefined);
  await until(() => text.includes("event: history"), "the history");
  return { text: () => text, isOver: () => isOver };
}

describe("events", () => {
  test("are one sample per interval, for each watcher", async () => {
    const clock = manualClock();
    const fake = overview();
    const url = urlOf(await served(fake, { clock }));
    clock.advance(1_000);
    const watchers = [await watching(url), await watching(url)];
    for (const { text } of watchers) expect(text()).toContain('"subjects":{"service greet":{"connections":[0],');
    fake.serviceList = [serviceOf({ stats: [statsOf({ connectionsAccepted: 10 })] })];
    clock.advance(1_000);
    for (const { text } of watchers) {
      await until(() => text().includes('event: sample\ndata: {"timeMs":'), "a sample");
      expect(text()).toContain('"accepted":7');
      expect(text()).toContain("Content-Type: text/event-stream");
    }
  });

  test("are limited to maxWatchers", async () => {
    const url = urlOf(await served(overview(), { maxWatchers: 1 }));
    await watching(url);
    const { status: code, headers } = await ask(`${url}/status/events`);
    expect([code, headers["retry-after"]]).toEqual([503, "5"]);
  });

  test("do not keep a server from closing", async () => {
    const server = await served(overview());
    const { isOver } = await watching(urlOf(server));
    expect(await server.close({ graceMs: 60_000 })).toMatchObject({ aborted: 0 });
    await until(isOver, "the end of the stream");
  });
});

describe("the data for programs", () => {
  test("is JSON of everything, with the requested connections", async () => {
    const fake = overview();
    fake.connectionList = [connectionOf({ id: 1, bytesRead: 5 }), connectionOf({ id: 2, bytesRead: 6 })];
    const url = `${urlOf(await served(fake, { maxRows: 1 }))}/status/data?sort=-in&search=greet`;
    const { headers, body } = await ask(url);
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body)).toMatchObject({
      services: [{ name: "greet", stats: [{ connectionsAccepted: 3 }] }],
      connections: { all: 2, found: 2, rows: [{ id: 2, peer: { host: "127.0.0.1", port: 40_000 } }] },
    });
  });

  test("is OpenMetrics of everything", async () => {
    const fake = overview();
    fake.serviceList.push(
      serviceOf({
        name: 'a"b\\\nc',
        state: "failed",
        requests: { answered: 4, failed: 1, bytesSent: 99, durationMs: histogramOf([1, 1_000], [0.5, 2, 3, 5_000]) },
      }),
    );
    fake.listenerList = [
      {
        ...{ url: "http://[::1]:80", services: ["x"], stats: { ...statsOf(), service: "http" } },
        limits: [{ name: "max-connections", limit: 40, used: 4 }],
      },
    ];
    fake.alarmList = [{ services: ["greet"], connectionsActive: 9, raiseAt: 8, sinceMs: 0 }];
    const { headers, body } = await ask(`${urlOf(await served(fake))}/status/metrics`);
    expect(headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    const metrics = parsedMetrics(body);
    const service = 'a"b\\\nc';
    expect(metrics.value("sockwright_connections_accepted_total", { service: "greet" })).toBe(3);
    expect(metrics.value("sockwright_connections_accepted_total", { service: "http" })).toBe(0);
    const limit = { listener: "http://[::1]:80", limit: "max-connections" };
    expect(metrics.value("sockwright_limit", limit)).toBe(40);
    expect(metrics.value("sockwright_limit_used", limit)).toBe(4);
    expect(metrics.value("sockwright_http_requests_total", { service })).toBe(4);
    expect(metrics.value("sockwright_http_requests_failed_total", { service })).toBe(1);
    expect(metrics.value("sockwright_http_sent_bytes_total", { service })).toBe(99);
    expect(metrics.value("sockwright_http_request_duration_seconds_bucket", { service, le: "1.0" })).toBe(3);
    expect(metrics.value("sockwright_http_request_duration_seconds_count", { service })).toBe(4);
    expect(metrics.value("sockwright_service_running", { service })).toBe(0);
    expect(metrics.value("sockwright_limit_used", { service: "greet", limit: "max-connections" })).toBe(1);
    expect(metrics.value("sockwright_connections_alarm", { service: "greet" })).toBe(1);
    expect(metrics.value("sockwright_status_watchers", {})).toBe(0);
  });

  test("is OpenMetrics at the path of `metrics`, or nowhere", async () => {
    const elsewhere = urlOf(await served(overview(), { metrics: "prometheus" }));
    expect((await ask(`${elsewhere}/status/prometheus`)).status).toBe(200);
    expect((await ask(`${elsewhere}/status/metrics`)).status).toBe(404);
    const nowhere = urlOf(await served(overview(), { metrics: "" }));
    expect((await ask(`${nowhere}/status/metrics`)).status).toBe(404);
  });
});

test("the service keeps at most MAX_SAMPLES samples, whatever historyMs is", async () => {
  const server = await served(overview(), { sampleIntervalMs: 100, historyMs: 24 * 3_600_000 });
  const { body } = await ask(`${urlOf(server)}/status/`);
  expect(body).toContain(`data-samples="${MAX_SAMPLES}"`);
});
