// R10 and R11: the errors of accept(2). A server continues to accept, and its connections are not affected.

import { afterEach, describe, expect, test, vi } from "vitest";
import { type Socket, socket } from "../../src/index.ts";
import { type Connection, connect, serve } from "../../src/server.ts";
import type { ErrnoName } from "../../src/testing/kernel-fault.ts";
import { turnLoop } from "../behaviour/poller/turns.ts";
import { echoOf } from "../support/connected.ts";
import { echo } from "../support/serving.ts";
import { inPlace } from "./storms.ts";

/** accept(2), "Error handling", with ECONNABORTED and EPERM: the next connection may succeed. */
const transient: readonly ErrnoName[] = [
  ...([
    "ENETDOWN",
    "EPROTO",
    "ENOPROTOOPT",
    "EHOSTDOWN",
    "ENONET",
    "EHOSTUNREACH",
    "EOPNOTSUPP",
    "ENETUNREACH",
  ] as const),
  ...(["ETIMEDOUT", "ECONNABORTED", "EPERM", "EINTR"] as const),
];
const SERIES = 1_000;
/** One hundredth of the load: 100 injected shortages instead of 10 000. */
const SHORTAGES = 100;
const PAUSE_MS = 100;

afterEach(() => {
  vi.useRealTimers();
});

describe("R11: all 12 transient errors, 1 000 of each", () => {
  const loops: Readonly<Record<string, (listener: ReturnType<Socket["listen"]>, seen: () => void) => Promise<void>>> = {
    serve: (listener, seen) => listener.serve(seen),
    iteration: async (listener, seen) => {
      for await (const [peer] of listener) {
        peer.close();
        seen();
      }
    },
  };

  test.for(Object.entries(loops))("%s keeps accepting", async ([, run]) => {
    const kernel = inPlace(undefined);
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    let tell = (): void => {};
    const served = run(listener.listen(), () => tell());
    for (const code of transient) {
      kernel.script("accept", new Array<ErrnoName>(SERIES).fill(code));
      const taken = new Promise<void>((resolve) => {
        tell = resolve;
      });
      const client = socket();
      await client.connect(listener.getsockname());
      await taken;
      expect(kernel.scriptedFaults).toBe(0);
      client.close();
    }
    listener.close();
    await served;
    expect(kernel.callCount("accept")).toBeGreaterThan(transient.length * SERIES);
  });

  test("a server of layer 2 continues to accept, counts the errors, and serves its connections meanwhile", async () => {
    const kernel = inPlace(undefined);
    await using server = await serve("tcp://127.0.0.1:0", echo);
    const [url = ""] = server.urls;
    await using first = await connect(url);
    for (const code of transient) {
      kernel.script("accept", new Array<ErrnoName>(SERIES).fill(code));
      await using client = await connect(url);
      expect(await Promise.all([echoOf(first), echoOf(client)])).toEqual(["hello", "hello"]);
    }
    // EINTR never appears above the kernel; EOPNOTSUPP has the name that Node gives its number.
    const counted = transient
      .filter((code) => code !== "EINTR")
      .map((code) => (code === "EOPNOTSUPP" ? "ENOTSUP" : code));
    expect(server.stats().acceptErrors).toEqual(Object.fromEntries(counted.map((code) => [code, SERIES])));
  });
});

describe("R10: no descriptors, no memory", () => {
  test.for(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] as const)(
    "%s 100 times over: one try in each pause, nobody is lost, and the next is taken when it is over",
    async (code) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      const kernel = inPlace(undefined);
      const server = await serve("tcp://127.0.0.1:0", echo);
      const [url = ""] = server.urls;
      const first = await connect(url);
      expect(await echoOf(first)).toBe("hello");
      // When descriptors run out, a server with a spare one accepts waiting connections and resets them.
      const isShed = code === "EMFILE" || code === "ENFILE";
      const before = kernel.callCount("accept");
      for (let shortage = 1; shortage <= SHORTAGES; shortage++) {
        kernel.script("accept", [code]);
        const client = await connect(url);
        const answer = echoOf(client).catch((error: unknown) =>
          error instanceof Error && "code" in error ? error.code : "",
        );
        await turnLoop(8);
        expect(server.stats().acceptErrors[code]).toBe(shortage);
        expect(await echoOf(first)).toBe("hello");
        await vi.advanceTimersByTimeAsync(PAUSE_MS);
        expect(await answer).toBe(isShed ? "ECONNRESET" : "hello");
        client.abort();
      }
      expect(kernel.callCount("accept") - before).toBeLessThan(SHORTAGES * 5);
      expect(server.stats().connectionsRefused["out-of-descriptors"]).toBe(isShed ? SHORTAGES : 0);
      const last = await connect(url);
      expect(await echoOf(last)).toBe("hello");
      for (const each of [first, last]) each.abort();
      vi.useRealTimers();
      await server.close();
      expect(kernel.openSockets).toBe(0);
    },
  );

  test("at the limit of the process: waiting connections are reset, open ones stay, a freed descriptor is used", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    // A listener, a spare descriptor, and two for each connection.
    const kernel = inPlace(undefined, { maxSockets: 2 + 2 * 4 + 1 });
    const server = await serve("tcp://127.0.0.1:0", echo);
    const [url = ""] = server.urls;
    const inside: Connection[] = [];
    for (let count = 0; count < 4; count++) inside.push(await connect(url));
    for (const each of inside) expect(await echoOf(each)).toBe("hello");
    const late = await connect(url);
    await expect(late.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    late.abort();
    for (const each of inside) expect(await echoOf(each)).toBe("hello");
    expect(server.stats().connectionsRefused["out-of-descriptors"]).toBe(1);
    inside.pop()?.abort();
    await turnLoop(8);
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    const next = await connect(url);
    expect(await echoOf(next)).toBe("hello");
    for (const each of [...inside, next]) each.abort();
    vi.useRealTimers();
    await server.close();
    expect(kernel.openSockets).toBe(0);
  });
});
