import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants } from "node:os";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Listener, Socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { adoptIncoming, type Incoming, MAX_ACCEPTS_PER_TURN } from "../../../src/socket/accept.ts";
import type { AcceptGate } from "../../../src/socket/accept-gate.ts";
import type { Address } from "../../../src/socket/address.ts";
import type { Endpoint } from "../../../src/socket/endpoint.ts";
import { acceptAll } from "../../../src/socket/serve.ts";
import { SocketDescriptor } from "../../../src/socket/socket-descriptor.ts";
import { turnLoop } from "../../behaviour/poller/turns.ts";
import { listenOnLoopback, openStream } from "../../support/sockets.ts";

const { errno } = constants;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A gate that records its calls. */
class Notes implements AcceptGate {
  capacity: number;
  readonly sheds: Address[] = [];
  readonly errors: unknown[] = [];
  readonly waiters = new Set<() => void>();

  constructor(room = Number.POSITIVE_INFINITY) {
    this.capacity = room;
  }
  countAccepted(): void {
    this.capacity--;
  }
  whenOpen(open: () => void): () => void {
    this.waiters.add(open);
    return () => this.waiters.delete(open);
  }
  countShed(address: Address): void {
    this.sheds.push(address);
  }
  countAcceptError(error: unknown): void {
    this.errors.push(error);
  }
  /** Makes room and calls the waiters. */
  open(room: number): void {
    this.capacity = room;
    for (const open of [...this.waiters]) {
      this.waiters.delete(open);
      open();
    }
  }
}

interface Serving {
  readonly accepted: Endpoint[];
  readonly served: Promise<void>;
}

/** Serves with the gate; the accepted sockets stay open until the test ends. */
function acceptThrough(listener: Listener, gate: AcceptGate, signal?: AbortSignal): Serving {
  const accepted: Endpoint[] = [];
  onTestFinished(() => {
    for (const endpoint of accepted) endpoint.close();
  });
  const endpoint = SocketDescriptor.endpointOf(listener);
  const take = (incoming: Incoming): void => void accepted.push(adoptIncoming(endpoint, incoming).endpoint);
  const served = acceptAll(endpoint, take, signal, gate);
  return { accepted, served };
}

async function connectMany(listener: Listener, count: number): Promise<Socket[]> {
  const clients = Array.from({ length: count }, () => openStream());
  await Promise.all(clients.map((client) => client.connect(listener.getsockname())));
  return clients;
}

/** Connects one client after the other, so that the backlog has them in this order. */
async function connectedInOrder(listener: Listener, count: number): Promise<Socket[]> {
  const clients: Socket[] = [];
  for (let index = 0; index < count; index++) clients.push(...(await connectMany(listener, 1)));
  return clients;
}

function published(): string[] {
  const actions: string[] = [];
  const collect = (message: unknown): void => {
    actions.push((message as { action: string }).action);
  };
  subscribe("sockwright:accept:error", collect);
  onTestFinished(() => void unsubscribe("sockwright:accept:error", collect));
  return actions;
}

describe("a gate", () => {
  test("without room leaves connections in the backlog, and they are accepted when there is room", async () => {
    const listener = listenOnLoopback();
    const gate = new Notes(2);
    const { accepted, served } = acceptThrough(listener, gate);
    await connectMany(listener, 5);
    await turnLoop();
    expect(accepted).toHaveLength(2);
    gate.open(1);
    await turnLoop();
    expect(accepted).toHaveLength(3);
    gate.open(10);
    await turnLoop();
    expect(accepted).toHaveLength(5);
    listener.close();
    await served;
  });

  test("without room from the start accepts nothing, and accept is not called while it waits", async () => {
    const listener = listenOnLoopback();
    const gate = new Notes(0);
    const accept = vi.spyOn(kernel, "accept");
    const { served } = acceptThrough(listener, gate);
    await connectMany(listener, 1);
    await turnLoop();
    expect(accept).not.toHaveBeenCalled();
    listener.close();
    await served;
  });

  test("is not exceeded by two listeners that wake up in the same turn", async () => {
    const gate = new Notes(1);
    const listeners = [listenOnLoopback(), listenOnLoopback()];
    const all = listeners.map((listener) => acceptThrough(listener, gate));
    await turnLoop(3);
    await Promise.all(listeners.map((listener) => connectMany(listener, 3)));
    await turnLoop();
    expect(gate.capacity).toBe(0);
    expect(all.flatMap(({ accepted }) => accepted)).toHaveLength(1);
    gate.open(100);
    await turnLoop();
    expect(all.flatMap(({ accepted }) => accepted)).toHaveLength(6);
    for (const listener of listeners) listener.close();
    await Promise.all(all.map(({ served }) => served));
  });

  test.for(["close", "signal"] as const)("without room forgets the server after a %s", async (how) => {
    const listener = listenOnLoopback();
    const gate = new Notes(0);
    const controller = new AbortController();
    const { served } = acceptThrough(listener, gate, controller.signal);
    await turnLoop(3);
    expect(gate.waiters.size).toBe(1);
    if (how === "close") listener.close();
    else controller.abort();
    await served;
    expect(gate.waiters.size).toBe(0);
  });
});

describe("out of descriptors", () => {
  /** Simulates a kernel that has no free descriptors, apart from those that are closed from now on. */
  function exhaust(code: "EMFILE" | "ENFILE"): { end(): void } {
    const { accept, close, socket } = kernel;
    let free = 0;
    const taking = (make: () => number): number => {
      if (free === 0) return -errno[code];
      const handle = make();
      if (handle >= 0) free--;
      return handle;
    };
    vi.spyOn(kernel, "accept").mockImplementation((...args) => taking(() => accept(...args)));
    vi.spyOn(kernel, "socket").mockImplementation((...args) => taking(() => socket(...args)));
    vi.spyOn(kernel, "close").mockImplementation((...args) => {
      free++;
      return close(...args);
    });
    return {
      end() {
        free = 1_000;
      },
    };
  }

  test.for(["EMFILE", "ENFILE"] as const)(
    "%s: waiting connections are reset, and accepting continues after 100 ms",
    async (code) => {
      const actions = published();
      const listener = listenOnLoopback();
      const clients = await connectedInOrder(listener, 3);
      const late = openStream();
      const gate = new Notes();
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const { accepted, served } = acceptThrough(listener, gate);
      // The call itself accepts the first batch, which has one connection.
      const shortage = exhaust(code);
      await turnLoop();
      expect(accepted).toHaveLength(1);
      expect(actions).toEqual(["shed"]);
      expect(gate.errors).toMatchObject([{ code, syscall: "accept" }]);
      const shed = clients.slice(1);
      expect(gate.sheds.map(({ port }) => port)).toEqual(shed.map((client) => client.getsockname().port));
      for (const client of shed) await expect(client.recv(1)).rejects.toMatchObject({ code: "ECONNRESET" });
      shortage.end();
      await late.connect(listener.getsockname());
      await vi.advanceTimersByTimeAsync(99);
      await turnLoop();
      expect(accepted).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      await turnLoop();
      expect(accepted).toHaveLength(2);
      listener.close();
      await served;
    },
  );

  test("MAX_ACCEPTS_PER_TURN limits the resets per turn, so that a flood does not delay other work", async () => {
    const listener = listenOnLoopback();
    await connectMany(listener, MAX_ACCEPTS_PER_TURN + 10);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const gate = new Notes();
    const { served } = acceptThrough(listener, gate);
    exhaust("EMFILE");
    await turnLoop();
    expect(gate.sheds).toHaveLength(MAX_ACCEPTS_PER_TURN);
    await vi.advanceTimersByTimeAsync(100);
    await turnLoop();
    expect(gate.sheds).toHaveLength(MAX_ACCEPTS_PER_TURN + 9);
    listener.close();
    await served;
  });

  test("when the freed spare descriptor is taken by other code, the server pauses and loses no connection", async () => {
    const actions = published();
    const listener = listenOnLoopback();
    await connectMany(listener, 3);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const gate = new Notes();
    const { accepted, served } = acceptThrough(listener, gate);
    const accept = vi.spyOn(kernel, "accept").mockReturnValue(-errno.EMFILE);
    const socket = vi.spyOn(kernel, "socket").mockReturnValue(-errno.EMFILE);
    await turnLoop();
    await vi.advanceTimersByTimeAsync(100);
    await turnLoop();
    expect(actions).toEqual(["shed", "pause"]);
    accept.mockRestore();
    socket.mockRestore();
    await vi.advanceTimersByTimeAsync(100);
    await turnLoop();
    expect(accepted).toHaveLength(3);
    expect(gate.sheds).toEqual([]);
    listener.close();
    await served;
  });

  test("the spare descriptor belongs to the server and is closed with it", async () => {
    const before = kernel.openDescriptors();
    const listener = listenOnLoopback();
    const { served } = acceptThrough(listener, new Notes());
    expect(kernel.openDescriptors()).toBe(before + 2);
    listener.close();
    await served;
    expect(kernel.openDescriptors()).toBe(before);
  });
});
