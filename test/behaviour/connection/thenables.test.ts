// A program's function may return any kind of thenable: it settles once, and never blocks a connection or a server.
import { describe, expect, test } from "vitest";
import { lines } from "../../../src/codec.ts";
import { type Connection, type ServeOptions, type Service, serve } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const boom = new Error("boom");
type Callback = (given?: unknown) => void;

function thenable(then: (fulfilled: Callback, rejected: Callback) => void): object {
  return { then };
}

function fail(): never {
  throw boom;
}

/** A promise whose `then` is replaced. */
function promiseWith(then: (fulfilled: Callback, rejected: Callback) => void): object {
  return Object.assign(Promise.resolve(), { then });
}

/** A thenable whose `then` can be read `times` times; later reads throw. */
function asked(times: number): object {
  let left = times;
  // biome-ignore lint/suspicious/noThenProperty: a thenable of the program's own
  return Object.defineProperty({}, "then", {
    get: () => (left-- > 0 ? (fulfilled: Callback) => setImmediate(fulfilled) : fail()),
  });
}

const GIVEN: readonly (readonly [string, () => object, error: unknown])[] = [
  ["whose then throws", () => thenable(fail), boom],
  ["that is a promise whose then throws", () => promiseWith(fail), boom],
  ["whose then throws when it is read", () => asked(0), boom],
  ["whose then throws when it is read a second time", () => asked(1), undefined],
  ["that is a proxy of a promise", () => new Proxy(Promise.resolve(), {}), expect.any(TypeError)],
  ["that has the prototype of a promise", () => Object.create(Promise.prototype) as object, expect.any(TypeError)],
  ["that rejects at once", () => thenable((_, rejected) => rejected(boom)), boom],
  ["that fulfils at once", () => thenable((fulfilled) => fulfilled()), undefined],
  ["that is a promise and fulfils twice", () => promiseWith((fulfilled) => void [fulfilled(), fulfilled()]), undefined],
  [
    "that fulfils, and then rejects",
    () => thenable((fulfilled, rejected) => void [fulfilled(), rejected(boom)]),
    undefined,
  ],
  ["that rejects, and then fulfils", () => thenable((fulfilled, rejected) => void [rejected(boom), fulfilled()]), boom],
  [
    "that fulfils, and then throws",
    () =>
      thenable((fulfilled) => {
        fulfilled();
        fail();
      }),
    undefined,
  ],
];

// The types ask for promises.
const untyped = (given: object): Promise<void> => given as Promise<void>;

const silent = (given: unknown): void => given as undefined;

const SERVICES: Record<string, (make: () => object) => Service> = {
  stream: (make) => ({ name: "gives", stream: () => untyped(make()) }),
  onBytes: (make) => ({ name: "gives", stream: (each) => each.onBytes(() => make()) }),
  onFrame: (make) => ({ name: "gives", stream: (each) => each.frames(lines()).onFrame(() => make()) }),
};

/** Starts a server and records its errors. */
async function told(service: Service, url: string, options: ServeOptions = {}) {
  const errors: unknown[] = [];
  const server = await serve(url, service, { onError: (error) => void errors.push(error), ...options });
  return { server, errors };
}

describe.each(GIVEN)("a thenable %s", (_name, make, error) => {
  test.each(Object.entries(SERVICES))("from %s", async (_call, service) => {
    const { server, errors } = await told(service(make), "tcp://127.0.0.1:0");
    const client = await connected(server);
    client.write("line\n");
    // end() rejects if the server has closed the connection meanwhile.
    await client.end().catch(() => undefined);
    await until(() => server.stats().connectionsAccepted === 1 && server.stats().connectionsActive === 0, "the end");
    expect(await server.close({ graceMs: 10_000 })).toMatchObject({ aborted: 0, unfinished: 0 });
    expect(errors).toEqual(error === undefined ? [] : [error]);
  });

  test("from datagram", async () => {
    const service: Service = { name: "gives", datagram: () => untyped(make()) };
    const { server, errors } = await told(service, "udp://127.0.0.1:0", { maxPendingReplies: 1 });
    const client = await connected(server);
    for (const count of [1, 2]) {
      client.write("x");
      await until(() => server.stats().datagramsReceived === count, "the datagram");
      await turn(5);
    }
    expect(await server.close({ graceMs: 10_000 })).toMatchObject({ unfinished: 0 });
    expect(errors).toEqual(error === undefined ? [] : [error, error]);
    expect(server.stats().datagramsDropped["max-pending-replies"]).toBe(0);
  });

  test("from a hook, and from context", async () => {
    const stream = async (each: Connection): Promise<void> => {
      if ((await each.read()) !== undefined) throw new Error("for onError");
    };
    const server = await serve(
      "tcp://127.0.0.1:0",
      { name: "gives", stream },
      {
        onError: () => silent(make()),
        context: (_start, run) => {
          run();
          return silent(make());
        },
      },
    );
    const client = await connected(urlOf(server));
    client.write("x");
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await server.close({ graceMs: 10_000 })).toMatchObject({ aborted: 0, unfinished: 0 });
  });
});
