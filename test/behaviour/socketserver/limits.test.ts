// The limits of servers by Python's names: docs/internals/limits.md lists them.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, SOCK_DGRAM, Socket } from "../../../src/index.ts";
import {
  type Address,
  BaseRequestHandler,
  BaseServer,
  DatagramRequestHandler,
  TCPServer,
  UDPServer,
} from "../../../src/socketserver.ts";
import { unhandled } from "../../support/unhandled.ts";

const ADDRESS = { host: "127.0.0.1", port: 0 };

describe("values that listen(2) and recvfrom(2) do not take", () => {
  test.each([-1, 0x80000000, 1.5])("request_queue_size = %s rejects bind_and_activate()", async (size) => {
    class Server extends TCPServer {
      override request_queue_size = size;
    }
    const refused = new Server(ADDRESS, BaseRequestHandler).bind_and_activate();
    await expect(refused).rejects.toThrow(/"request_queue_size" is out of range/);
  });

  test.each([-1, 0x7ffff001, 1.5])("max_packet_size = %s rejects serve_forever()", async (size) => {
    class Server extends UDPServer {
      override max_packet_size = size;
      override await_readable(): boolean {
        return true;
      }
    }
    await using server = new Server(ADDRESS, BaseRequestHandler);
    await expect(server.serve_forever()).rejects.toThrow(/"max_packet_size" is out of range/);
  });
});

describe("a datagram handler that writes too much", () => {
  /** The errors that handle_error receives, the published ones, and the unhandled ones. */
  async function failures(handle: (handler: DatagramRequestHandler) => unknown): Promise<unknown[][]> {
    class Handler extends DatagramRequestHandler {
      override async handle(): Promise<void> {
        await handle(this);
      }
    }
    const told: unknown[] = [];
    const published: unknown[] = [];
    await using server = new UDPServer(ADDRESS, Handler);
    server.handle_error = (_request, _address, error) => {
      told.push(error);
    };
    const publish = (message: unknown): unknown => published.push(message);
    subscribe("sockwright:socketserver:error", publish);
    onTestFinished(() => {
      unsubscribe("sockwright:socketserver:error", publish);
    });
    await server.bind_and_activate();
    const client = new Socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => client.close());
    await client.sendto("x", server.server_address);
    const left = await unhandled(() => server.handle_request());
    return [told, published, left];
  }

  const tooMuch = "x".repeat(1024 * 1024 + 1);
  test.each<[string, (handler: DatagramRequestHandler) => unknown]>([
    ["write, not awaited", ({ wfile }) => void wfile.write(tooMuch)],
    ["writelines, not awaited", ({ wfile }) => void wfile.writelines([tooMuch])],
    ["write and flush, not awaited", ({ wfile }) => void [wfile.write(tooMuch), wfile.flush()]],
    ["write, and the error caught", ({ wfile }) => wfile.write(tooMuch).catch(() => undefined)],
    ["write, awaited", ({ wfile }) => wfile.write(tooMuch)],
  ])("%s: handle_error receives the error once", async (_, handle) => {
    expect(await failures(handle)).toEqual([[expect.objectContaining({ code: "EMSGSIZE" })], [], []]);
  });
});

test("a datagram handler can write 1 MiB and not one byte more", async () => {
  const outcomes: unknown[] = [];
  class Writer extends DatagramRequestHandler {
    override async handle(): Promise<void> {
      outcomes.push(await this.wfile.write(Buffer.alloc(1024 * 1024)));
      outcomes.push(await this.wfile.write("x").catch((error: unknown) => error));
    }
    override finish(): void {}
  }
  await using server = new UDPServer(ADDRESS, Writer);
  await server.bind_and_activate();
  const client = new Socket(AF_INET, SOCK_DGRAM);
  await client.sendto("", server.server_address);
  client.close();
  await server.handle_request();
  expect(outcomes).toEqual([1024 * 1024, expect.objectContaining({ code: "EMSGSIZE" })]);
});

describe("calls of get_request that fail", () => {
  class Failing extends BaseServer<null> {
    calls = 0;
    readonly #failures: number;

    constructor(failures: number) {
      super(ADDRESS, BaseRequestHandler);
      this.#failures = failures;
    }

    override get_request(): Promise<[request: null, client_address: Address]> {
      if (++this.calls > this.#failures) void this.shutdown();
      return Promise.reject(Object.assign(new Error("out of order"), { code: "EIO", errno: -5, syscall: "read" }));
    }
  }

  test.each([
    [16, 0],
    [17, 1],
    [19, 3],
  ])("%i in a row cause %i pauses", async (failures, pauses) => {
    const timeouts = vi.spyOn(globalThis, "setTimeout");
    const server = new Failing(failures);
    await server.serve_forever();
    expect(server.calls).toBe(failures + 1);
    expect(timeouts.mock.calls.filter(([, ms]) => ms === 100)).toHaveLength(pauses);
    timeouts.mockRestore();
  });
});

test("a subclass's service_actions runs every 500 ms by default", async () => {
  class Server extends BaseServer<null> {
    override get_request(): Promise<[request: null, client_address: Address]> {
      return new Promise(() => undefined);
    }
    override service_actions(): Promise<void> {
      return this.shutdown();
    }
  }
  const timeouts = vi.spyOn(globalThis, "setTimeout").mockImplementation((callback) => {
    return setImmediate(callback) as unknown as NodeJS.Timeout;
  });
  await new Server(ADDRESS, BaseRequestHandler).serve_forever();
  expect(timeouts.mock.calls.map(([, ms]) => Math.round((ms ?? 0) / 100) * 100)).toEqual([500]);
  timeouts.mockRestore();
});
