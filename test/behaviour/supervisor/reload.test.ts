// A reload is all or nothing. It disturbs no open connection and closes no listener that stays.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import { connect } from "../../../src/server/connect.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { DEFAULT_MAX_CONNECTIONS } from "../../../src/server/serve-options.ts";
import type { Service } from "../../../src/server/service.ts";
import type { ServicePlan } from "../../../src/supervisor/plan.ts";
import { LOAD_TIMEOUT_MS } from "../../../src/supervisor/service-entry.ts";
import { Supervisor } from "../../../src/supervisor/supervisor.ts";
import type { SupervisorEvent } from "../../../src/supervisor/supervisor-event.ts";
import { type ManualClock, manualClock } from "../../../src/testing/manual-clock.ts";
import { until } from "../../support/until.ts";
import {
  at,
  fetched,
  greeted,
  greeter,
  greetingAt,
  kindsWith,
  page,
  planned,
  running,
  said,
  serviceOf,
  urlOfService,
} from "./running.ts";

/** Sends a request on an open connection and returns the head of the answer. */
async function asked(client: Connection, path: string): Promise<string> {
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const head = String(await client.readUntil("\r\n\r\n"));
  await client.readExactly(Number(/^content-length: (\d+)/im.exec(head)?.[1]));
  return head;
}

/** A body that begins and never ends. */
async function* endless(): AsyncGenerator<string, void> {
  yield "begun";
  await new Promise(() => undefined);
}

const ANY = "tcp://127.0.0.1:0";
const HTTP = "http://127.0.0.1:0";

describe("unchanged parts", () => {
  test("a listener keeps its port, a service keeps its object, and a connection continues", async () => {
    const { supervisor } = await running([greeter("one", [ANY])]);
    const url = urlOfService(supervisor, "one");
    const { client } = await greeted(url);
    await supervisor.reload({ services: [greeter("one", [ANY]), greeter("two", [ANY])] });
    expect(urlOfService(supervisor, "one")).toBe(url);
    expect(await said(client, "Rose")).toBe("Hello, Rose!");
    expect(await greetingAt(urlOfService(supervisor, "two"))).toBe("two");
  });

  test("a renamed service keeps its listeners and its object", async () => {
    let made = 0;
    const make = kindsWith({
      counted: () => {
        made++;
        return { name: "counted", stream: (connection) => void connection.write("counted\n") };
      },
    });
    const { supervisor } = await running([planned("one", "counted", [ANY])], { make });
    const url = urlOfService(supervisor, "one");
    await supervisor.reload({ services: [planned("two", "counted", [ANY])] });
    expect(urlOfService(supervisor, "two")).toBe(url);
    expect(supervisor.overview.services().map(({ name }) => name)).toEqual(["two"]);
    expect(await greetingAt(url)).toBe("counted");
    expect(made).toBe(1);
  });

  test("two services can exchange their names", async () => {
    const { supervisor } = await running([greeter("one", [ANY]), greeter("two", [ANY])]);
    const [first, second] = [urlOfService(supervisor, "one"), urlOfService(supervisor, "two")];
    await supervisor.reload({ services: [greeter("two", [first]), greeter("one", [second])] });
    expect([await greetingAt(first), await greetingAt(second)]).toEqual(["two", "one"]);
  });
});

describe("changed parts", () => {
  test("a new connection gets the new service, and the old service stops after its last connection", async () => {
    const calls: string[] = [];
    const make = kindsWith();
    const logged = async (...given: Parameters<typeof make>): Promise<Service> => {
      const service = (await make(...given)) as Service;
      const name = String(given[1]["greeting"]).trim();
      return { ...service, start: () => void calls.push(`start ${name}`), stop: () => void calls.push(`stop ${name}`) };
    };
    const { supervisor } = await running([greeter("one", [ANY], "old")], { make: logged });
    const url = urlOfService(supervisor, "one");
    const { client } = await greeted(url);
    await supervisor.reload({ services: [greeter("one", [ANY], "new")] });
    expect(await greetingAt(url)).toBe("new");
    expect(await said(client, "Rose")).toBe("Hello, Rose!");
    expect(calls).toEqual(["start old", "start new"]);
    await client.close();
    await until(() => calls.length === 3, "the old service to stop");
    expect(calls).toEqual(["start old", "start new", "stop old"]);
  });

  test("another kind of service keeps the listener", async () => {
    const shout = (): Service => ({ name: "shout", stream: (connection) => void connection.write("SHOUT\n") });
    const { supervisor } = await running([greeter("one", [ANY])], { make: kindsWith({ shout }) });
    const url = urlOfService(supervisor, "one");
    await supervisor.reload({ services: [planned("one", "shout", [ANY])] });
    expect(urlOfService(supervisor, "one")).toBe(url);
    expect(await greetingAt(url)).toBe("SHOUT");
  });

  test("a removed service accepts no more connections and finishes its open ones", async () => {
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = (): Service => ({
      name: "slow",
      async stream(connection) {
        connection.write("begun\n");
        await held;
        connection.write("done\n");
      },
    });
    const make = kindsWith({ slow });
    const { supervisor } = await running([greeter("one", [ANY]), planned("slow", "slow", [ANY])], { make });
    const url = urlOfService(supervisor, "slow");
    const { client } = await greeted(url);
    await supervisor.reload({ services: [greeter("one", [ANY])] });
    expect(serviceOf(supervisor, "slow").state).toBe("draining");
    await expect(greeted(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    finish();
    expect(String(await client.readUntil("\n"))).toBe("done\n");
    await client.close();
    await until(() => supervisor.overview.services().length === 1, "the service to be gone");
  });

  test("a removed service resets its connections after its grace", async () => {
    const stuck = (): Service => ({
      name: "stuck",
      stream(connection) {
        connection.write("begun\n");
        return new Promise(() => undefined);
      },
    });
    const make = kindsWith({ stuck });
    const plan: ServicePlan = { ...planned("stuck", "stuck", [ANY]), graceMs: 1 };
    const { supervisor } = await running([plan, greeter("one", [ANY])], { make });
    const { client } = await greeted(urlOfService(supervisor, "stuck"));
    await supervisor.reload({ services: [greeter("one", [ANY])] });
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(() => supervisor.overview.services().length === 1, "the service to be gone");
  });
});

describe("a refused reload changes nothing", () => {
  test("a listener whose port is taken: the reload closes what it opened and restores what it changed", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const { supervisor, events } = await running([greeter("one", [ANY], "old"), greeter("two", [ANY])]);
    const [first, second] = [urlOfService(supervisor, "one"), urlOfService(supervisor, "two")];
    const { client } = await greeted(first);
    const services = [
      greeter("new", [ANY]),
      greeter("one", [ANY], "other"),
      greeter("two", [ANY, `tcp://127.0.0.1:${port}`]),
    ];
    await expect(supervisor.reload({ services })).rejects.toMatchObject({
      code: "EADDRINUSE",
      service: "two",
      url: `tcp://127.0.0.1:${port}`,
    });
    expect(supervisor.overview.services().map(({ name, urls }) => [name, urls])).toEqual([
      ["one", [first]],
      ["two", [second]],
    ]);
    expect([await greetingAt(first), await greetingAt(second)]).toEqual(["old", "two"]);
    expect(await said(client, "Rose")).toBe("Hello, Rose!");
    const heard = events.filter(({ event }) => event === "listening");
    expect(heard).toHaveLength(2);
  });

  test("a service that cannot start: the other services that the reload started stop again", async () => {
    const calls: string[] = [];
    const make = kindsWith({
      fine: () => ({
        name: "fine",
        stream: () => undefined,
        start: () => void calls.push("start"),
        stop: () => void calls.push("stop"),
      }),
      broken: () => ({ name: "broken", stream: () => undefined, start: () => Promise.reject(new Error("no disk")) }),
    });
    const { supervisor } = await running([greeter("one", [ANY])], { make });
    const services = [
      planned("fine", "fine", [ANY]),
      planned("broken", "broken", [ANY]),
      planned("what", "what", [ANY]),
    ];
    await expect(supervisor.reload({ services })).rejects.toMatchObject({
      mistakes: ["the service broken cannot be started: no disk", "the service what cannot be started: no kind what"],
    });
    expect(calls).toEqual(["start", "stop"]);
    expect(supervisor.overview.services().map(({ name }) => name)).toEqual(["one"]);
  });

  test("a listener that another service has", async () => {
    const { supervisor } = await running([greeter("one", [ANY, ANY]), greeter("two", [ANY])]);
    const [first, moved] = [urlOfService(supervisor, "one"), urlOfService(supervisor, "one", 1)];
    const services = [greeter("one", [first]), greeter("two", [urlOfService(supervisor, "two"), moved])];
    await expect(supervisor.reload({ services: services.reverse() })).rejects.toThrow(
      `${moved} is open for one, and cannot go to two at once`,
    );
    expect([await greetingAt(first), await greetingAt(moved)]).toEqual(["one", "one"]);
  });

  test("the same mount twice", async () => {
    const { supervisor } = await running([page("one", [at(HTTP, "/")])]);
    const url = urlOfService(supervisor, "one").replace(/\/$/, "");
    const services = [page("one", [at(url, "/")]), page("two", [at(url, "/")])];
    await expect(supervisor.reload({ services })).rejects.toThrow(`${url} has / twice: for one, and for two`);
  });

  test("a service that does not serve the protocol of its listener", async () => {
    const { supervisor } = await running([page("one", [at(HTTP, "/")])]);
    const services = [greeter("one", [at(HTTP, "/")])];
    await expect(supervisor.reload({ services })).rejects.toThrow("the service one serves no requests of HTTP");
  });
});

describe("an HTTP listener", () => {
  test("gains and loses services in a reload, and an open connection closes after its next answer", async () => {
    const { supervisor } = await running([page("site", [at(HTTP, "/")])]);
    const url = urlOfService(supervisor, "site").replace(/\/$/, "");
    const chat = page("chat", [at(url, "/chat/")]);
    await supervisor.reload({ services: [page("site", [at(url, "/")]), chat] });
    expect(await fetched(`${url}/chat/x`)).toEqual({ status: 200, text: "chat /chat /x" });
    expect(await fetched(`${url}/x`)).toEqual({ status: 200, text: "site  /x" });
    const client = await connect(url.replace("http:", "tcp:"));
    onTestFinished(() => client.abort());
    expect(await asked(client, "/chat/")).toMatch(/^HTTP\/1.1 200 /);
    const services = supervisor.overview.connections().map(({ service, listener }) => [service, listener]);
    expect(services).toEqual([["chat", url]]);
    await supervisor.reload({ services: [page("site", [at(url, "/")])] });
    const last = await asked(client, "/chat/");
    expect(last).toMatch(/^HTTP\/1.1 503 /);
    expect(last).toMatch(/^connection: close\r$/im);
    expect(await client.read()).toBeUndefined();
    expect((await fetched(`${url}/chat/x`)).text).toBe("site  /chat/x");
  });

  test("that several services share has limits of its own, and the services have none", async () => {
    const { supervisor } = await running([page("site", [at(HTTP, "/")])]);
    const limits = (used: number) => [{ name: "max-connections", limit: DEFAULT_MAX_CONNECTIONS, used }];
    expect(serviceOf(supervisor, "site").limits).toEqual(limits(0));
    const url = urlOfService(supervisor, "site").replace(/\/$/, "");
    await supervisor.reload({ services: [page("site", [at(url, "/")]), page("chat", [at(url, "/chat/")])] });
    const client = await connect(url.replace("http:", "tcp:"));
    onTestFinished(() => client.abort());
    await asked(client, "/");
    expect(supervisor.overview.httpListeners().map((listener) => [listener.url, listener.limits])).toEqual([
      [url, limits(1)],
    ]);
    expect(["site", "chat"].map((name) => serviceOf(supervisor, name).limits)).toEqual([[], []]);
  });

  test("a removed service has its grace for requests in progress", async () => {
    const clock = manualClock();
    const slow = (): Service => http(() => ({ body: endless() }));
    const make = kindsWith({ slow });
    const { supervisor } = await running([page("site", [at(HTTP, "/")])], { make, clock });
    const url = urlOfService(supervisor, "site").replace(/\/$/, "");
    const taken = { ...planned("slow", "slow", [at(url, "/slow/")]), graceMs: 5_000 };
    await supervisor.reload({ services: [page("site", [at(url, "/")]), taken] });
    const client = await connect(url.replace("http:", "tcp:"));
    onTestFinished(() => client.abort());
    client.write("GET /slow/ HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(String(await client.readUntil("\r\n\r\n"))).toMatch(/^HTTP\/1.1 200 /);
    await supervisor.reload({ services: [page("site", [at(url, "/")])] });
    clock.advance(4_999);
    expect(supervisor.overview.connections()).toHaveLength(1);
    clock.advance(1);
    await until(() => supervisor.overview.connections().length === 0, "the connection to be closed");
  });

  test("counts the answers of each service, also across reloads", async () => {
    const { supervisor } = await running([page("site", [at(HTTP, "/")])]);
    const url = urlOfService(supervisor, "site");
    await fetched(url);
    await supervisor.reload({ services: [page("site", [at(url.slice(0, -1), "/")], "other")] });
    expect((await fetched(url)).text).toBe("other  /");
    await until(() => serviceOf(supervisor, "site").requests?.answered === 2, "both requests to be counted");
    expect(serviceOf(supervisor, "site").requests).toMatchObject({ failed: 0, bytesSent: "site  /other  /".length });
  });

  test("a service on a TCP and an HTTP listener starts once and stops once", async () => {
    const calls: string[] = [];
    const both = (): Service => ({
      ...http(() => ({ body: "page" })),
      name: "both",
      protocols: undefined,
      stream: (connection) => void connection.write("line\n"),
      start: () => void calls.push("start"),
      stop: () => void calls.push("stop"),
    });
    const { supervisor } = await running([planned("both", "both", [ANY, at(HTTP, "/a/")])], {
      make: kindsWith({ both }),
    });
    expect(await greetingAt(urlOfService(supervisor, "both"))).toBe("line");
    expect((await fetched(urlOfService(supervisor, "both", 1))).text).toBe("page");
    expect(calls).toEqual(["start"]);
    await supervisor.close(0);
    expect(calls).toEqual(["start", "stop"]);
  });
});

describe("a module", () => {
  /** Writes a module with this modification time. */
  function written(path: string, text: string, mtime: number): void {
    writeFileSync(path, text);
    utimesSync(path, mtime, mtime);
  }

  const greets = (word: string): string =>
    `export default ({ mark }) => ({ name: "clock", stream: (c) => void c.write("${word}" + mark + "\\n") });`;

  function clockOf(path: string): ServicePlan {
    return { ...greeter("clock", [ANY]), source: { type: "module", path, options: { mark: "!" } } };
  }

  function modulePath(): string {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-module-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, "clock.mjs");
  }

  test("is imported again when its modification time has changed", async () => {
    const path = modulePath();
    written(path, greets("tick"), 1_000);
    const { supervisor } = await running([clockOf(path)]);
    const url = urlOfService(supervisor, "clock");
    expect(await greetingAt(url)).toBe("tick!");
    written(path, greets("tock"), 1_000);
    await supervisor.reload({ services: [clockOf(path)] });
    expect(await greetingAt(url)).toBe("tick!");
    written(path, greets("tock"), 2_000);
    await supervisor.reload({ services: [clockOf(path)] });
    expect(await greetingAt(url)).toBe("tock!");
  });

  test("that cannot be loaded makes a reload fail", async () => {
    const path = modulePath();
    written(path, greets("tick"), 1_000);
    const { supervisor } = await running([clockOf(path)]);
    written(path, "export default {", 2_000);
    await expect(supervisor.reload({ services: [clockOf(path)] })).rejects.toThrow(
      "the service clock cannot be started",
    );
    expect(await greetingAt(urlOfService(supervisor, "clock"))).toBe("tick!");
    written(path, "export const nothing = 1", 3_000);
    await expect(supervisor.reload({ services: [clockOf(path)] })).rejects.toThrow("has no default export");
    written(path, "export default 5", 4_000);
    await expect(supervisor.reload({ services: [clockOf(path)] })).rejects.toThrow(
      `${path} exports a number by default: write  export default { name, stream }`,
    );
  });

  test("that has become a pipe makes a reload fail, without a wait for the other end of the pipe", async () => {
    const path = modulePath();
    written(path, greets("tick"), 1_000);
    const { supervisor } = await running([clockOf(path)]);
    rmSync(path);
    spawnSync("mkfifo", [path]);
    // Closing it ends an import that waits.
    const end = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(end));
    await expect(supervisor.reload({ services: [clockOf(path)] })).rejects.toThrow(`${path} is no regular file`);
    expect(await greetingAt(urlOfService(supervisor, "clock"))).toBe("tick!");
  });

  test("that cannot be read at the start is shown as failed and tried again after 1, 2, 4 seconds", async () => {
    const clock = manualClock();
    const path = modulePath();
    const { supervisor, events } = await running([clockOf(path), greeter("one", [ANY])], { clock });
    expect(serviceOf(supervisor, "clock")).toMatchObject({ state: "failed", urls: [] });
    expect(serviceOf(supervisor, "clock").error).toContain("ENOENT");
    expect(await greetingAt(urlOfService(supervisor, "one"))).toBe("one");
    const waits = (): number[] => events.flatMap((event) => (event.event === "failed" ? [event.retryMs] : []));
    for (const [index, waitMs] of [1_000, 2_000].entries()) {
      expect(waits().at(-1)).toBe(waitMs);
      clock.advance(waitMs);
      await until(() => waits().length === index + 2, "the next failure");
    }
    // A service that has never run does not make a reload fail.
    await supervisor.reload({ services: [clockOf(path), greeter("one", [ANY], "other")] });
    written(path, greets("tick"), 1_000);
    clock.advance(4_000);
    await until(() => events.some(({ event }) => event === "recovered"), "the service to run");
    expect(serviceOf(supervisor, "clock")).toMatchObject({ state: "running", error: undefined });
    expect(await greetingAt(urlOfService(supervisor, "clock"))).toBe("tick!");
  });

  test("that throws a value without text is shown as failed, and the other services run", async () => {
    const path = modulePath();
    written(path, "throw { toString() { throw 2; } };", 0);
    const { supervisor } = await running([clockOf(path), greeter("one", [ANY])]);
    expect(serviceOf(supervisor, "clock").error).toContain("the thrown value is not an error and has no text");
    expect(await greetingAt(urlOfService(supervisor, "one"))).toBe("one");
  });

  describe("whose import never ends", () => {
    const HANGS = "await new Promise(() => undefined);\nexport default {};";

    /** Waits until the supervisor's clock has the timer of the load. */
    async function toBeAwaited(clock: ManualClock): Promise<void> {
      await until(() => clock.nextDueMs === clock.now() + LOAD_TIMEOUT_MS, "the load to be waited for");
    }

    test("is shown as failed after LOAD_TIMEOUT_MS; the other services run, and no second load starts meanwhile", async () => {
      const [clock, path] = [manualClock(), modulePath()];
      written(path, HANGS, 1_000);
      const events: SupervisorEvent[] = [];
      const supervisor = new Supervisor({ make: kindsWith(), clock, onEvent: (event) => void events.push(event) });
      onTestFinished(() => supervisor.close(0));
      const started = supervisor.start({ services: [clockOf(path), greeter("one", [ANY])] });
      await toBeAwaited(clock);
      clock.advance(LOAD_TIMEOUT_MS);
      await started;
      expect(serviceOf(supervisor, "clock")).toMatchObject({ state: "failed" });
      expect(serviceOf(supervisor, "clock").error).toContain("it does not run after 30 s");
      expect(await greetingAt(urlOfService(supervisor, "one"))).toBe("one");
      const failures = (): number => events.filter(({ event }) => event === "failed").length;
      clock.advance(1_000);
      await until(() => failures() === 2, "the next failure");
      written(path, greets("tick"), 2_000);
      await supervisor.reload({ services: [clockOf(path)] });
      expect(await greetingAt(urlOfService(supervisor, "clock"))).toBe("tick!");
    });

    test("makes a reload fail", async () => {
      const [clock, path] = [manualClock(), modulePath()];
      written(path, greets("tick"), 1_000);
      const { supervisor } = await running([clockOf(path)], { clock });
      written(path, HANGS, 2_000);
      const refused = expect(supervisor.reload({ services: [clockOf(path)] })).rejects.toThrow(
        "the service clock cannot be started: it does not run after 30 s",
      );
      await toBeAwaited(clock);
      clock.advance(LOAD_TIMEOUT_MS);
      await refused;
      expect(await greetingAt(urlOfService(supervisor, "clock"))).toBe("tick!");
    });

    test("does not delay close(), and a service that has started beside it is stopped", async () => {
      const path = modulePath();
      written(path, HANGS, 1_000);
      const calls: string[] = [];
      const counted = (): Service => ({
        name: "counted",
        stream: () => undefined,
        start: () => void calls.push("start"),
        stop: () => void calls.push("stop"),
      });
      const supervisor = new Supervisor({ make: kindsWith({ counted }), clock: manualClock() });
      const refused = expect(
        supervisor.start({ services: [clockOf(path), planned("two", "counted", [ANY])] }),
      ).rejects.toThrow("all services end");
      await until(() => calls.length === 1, "the other service to start");
      await supervisor.close();
      await refused;
      expect(calls).toEqual(["start", "stop"]);
    });

    test("a service whose start() ends after the timeout is stopped again", async () => {
      const clock = manualClock();
      let start: () => void = () => undefined;
      const started = new Promise<void>((resolve) => {
        start = resolve;
      });
      const calls: string[] = [];
      const late = (): Service => ({
        name: "late",
        stream: () => undefined,
        start: () => started,
        stop: () => void calls.push("stop"),
      });
      const { supervisor } = await running([greeter("one", [ANY])], { make: kindsWith({ late }), clock });
      const refused = expect(supervisor.reload({ services: [planned("late", "late", [ANY])] })).rejects.toThrow();
      await toBeAwaited(clock);
      clock.advance(LOAD_TIMEOUT_MS);
      await refused;
      expect(calls).toEqual([]);
      start();
      await until(() => calls.length === 1, "the service to stop");
      expect(calls).toEqual(["stop"]);
    });
  });

  test("that has failed answers 503 below its path", async () => {
    const clock = manualClock();
    const failing: ServicePlan = { ...clockOf(modulePath()), listeners: [at("http://127.0.0.1:0", "/clock/")] };
    const { supervisor } = await running([failing], { clock });
    expect((await fetched(urlOfService(supervisor, "clock"))).status).toBe(503);
  });
});

test("a drained service accepts no more connections, its open ones continue, and a reload starts it again", async () => {
  const echo = (): Service => ({
    name: "echo",
    stream(connection) {
      connection.write("echo\n");
      return connection.onBytes((bytes) => void connection.write(bytes));
    },
  });
  const { supervisor } = await running([planned("echo", "echo", [ANY]), greeter("one", [ANY])], {
    make: kindsWith({ echo }),
  });
  const url = urlOfService(supervisor, "echo");
  await greeted(url);
  expect(await supervisor.drain("nobody")).toBe(false);
  expect(await supervisor.drain("echo")).toBe(true);
  expect(serviceOf(supervisor, "echo")).toMatchObject({ state: "draining", urls: [] });
  await expect(greeted(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(await greetingAt(urlOfService(supervisor, "one"))).toBe("one");
  await supervisor.reload({ services: [planned("echo", "echo", [url])] });
  expect(await greetingAt(url)).toBe("echo");
});
