import { afterEach, describe, expect, test, vi } from "vitest";
import { type AddressInput, AF_INET, AF_UNIX, type Listener, type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { lookUpWaits } from "../../support/names.ts";
import { closeAtTheEnd, listenOnLoopback, openStream } from "../../support/sockets.ts";
import { turnLoop } from "../poller/turns.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Fills the backlog of a listener, so that the next connect waits. */
async function fillBacklog(listener: Listener, family: number): Promise<AddressInput> {
  const address = listener.getsockname() as AddressInput;
  await openStream(family).connect(address);
  return address;
}

/** What a connect waits for, its family, and a function that prepares the address to connect to. */
const obstacles: readonly [name: string, family: number, prepare: () => Promise<AddressInput>][] = [
  [
    "an answer over TCP",
    AF_INET,
    async () => {
      const [server] = closeAtTheEnd(socket());
      server.bind({ host: "127.0.0.1", port: 0 });
      return fillBacklog(server.listen(0), AF_INET);
    },
  ],
  [
    "room in a Unix backlog",
    AF_UNIX,
    async () => {
      const [server] = closeAtTheEnd(socket(AF_UNIX));
      server.bind({ path: "" });
      return fillBacklog(server.listen(0), AF_UNIX);
    },
  ],
  [
    "the lookup of a name",
    AF_INET,
    async () => {
      lookUpWaits();
      return { host: "name.invalid", port: 1 };
    },
  ],
];

const cancellations: readonly [
  name: string,
  error: object,
  connect: (client: Socket, to: AddressInput) => Promise<void>,
][] = [
  [
    "cancelled",
    { code: "ABORT_ERR", cause: "enough" },
    (client, to) => {
      const controller = new AbortController();
      const connected = client.connect(to, { signal: controller.signal });
      setTimeout(() => controller.abort("enough"), 5);
      return connected;
    },
  ],
  [
    "timed-out",
    { code: "ERR_SOCKWRIGHT_TIMEOUT" },
    (client, to) => {
      client.settimeout(5);
      return client.connect(to);
    },
  ],
];

describe.for(cancellations)("a %s connect leaves a socket that can only be closed", ([, error, connect]) => {
  test.for(obstacles)("after it waited for %s", async ([, family, prepare]) => {
    const address = await prepare();
    const client = openStream(family);
    await expect(connect(client, address)).rejects.toMatchObject(error);

    const abandoned = { code: "ERR_SOCKWRIGHT_CONNECT_ABANDONED" };
    const waiting = [
      () => client.connect(address),
      () => client.connect_ex(address),
      () => client.recv(1),
      () => client.send("x"),
      () => client.sendall("x"),
      () => client.readable(),
      () => client.writable(),
      () => client.accept(),
    ];
    for (const call of waiting) await expect(call()).rejects.toMatchObject(abandoned);
    const immediate = [
      () => client.getsockname(),
      () => client.getpeername(),
      () => client.bind(address),
      () => client.listen(),
      () => client.tryRecv(Buffer.alloc(1)),
      () => client.trySend("x"),
      () => client.shutdown(),
      () => client.detach(),
      () => client.dup(),
    ];
    for (const call of immediate) expect(call).toThrow(expect.objectContaining(abandoned));

    const open = kernel.openDescriptors();
    client.close();
    expect(kernel.openDescriptors()).toBe(open - 1);
    await expect(client.connect(address)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  });
});

test("a lookup that ends after its connect was cancelled starts no connection", async () => {
  const { found } = lookUpWaits();
  const listener = listenOnLoopback();
  const client = openStream();
  const controller = new AbortController();
  const { port = 0 } = listener.getsockname();
  const connected = client.connect({ host: "name.invalid", port }, { signal: controller.signal });
  controller.abort();
  await expect(connected).rejects.toMatchObject({ code: "ABORT_ERR" });
  const connect = vi.spyOn(kernel, "connect");
  found("127.0.0.1");
  await turnLoop();
  expect(connect).not.toHaveBeenCalled();
});
