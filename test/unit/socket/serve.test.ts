import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { connectTo, listenOnLoopback, openStream } from "../../support/sockets.ts";

/** The messages published on sockwright:serve:error until the test ends. */
function published(): unknown[] {
  const messages: unknown[] = [];
  const collect = (message: unknown): void => {
    messages.push(message);
  };
  subscribe("sockwright:serve:error", collect);
  onTestFinished(() => {
    unsubscribe("sockwright:serve:error", collect);
  });
  return messages;
}

async function echoSocket(peer: Socket): Promise<void> {
  for await (const chunk of peer) await peer.sendall(chunk);
}

describe("serve accepts, runs the handler for each peer, and closes the peer when the handler ends", () => {
  test("for many peers at the same time", async () => {
    const listener = listenOnLoopback();
    const served = listener.serve(echoSocket);
    const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(listener.getsockname())));
    for (const [index, client] of clients.entries()) await client.sendall(`client ${index}`);
    for (const [index, client] of clients.entries()) expect(String(await client.recv(1024))).toBe(`client ${index}`);
    listener.close();
    await served;
  });

  test("the handler receives the address of the peer", async () => {
    const listener = listenOnLoopback();
    const addresses: unknown[] = [];
    const served = listener.serve((peer, address) => {
      addresses.push(address, peer.getpeername());
      listener.close();
    });
    const client = await connectTo(listener.getsockname());
    await served;
    expect(addresses).toEqual([client.getsockname(), client.getsockname()]);
  });

  test.for([
    ["returns", () => undefined],
    ["resolves", async (peer: Socket) => peer.sendall("bye")],
    [
      "throws",
      () => {
        throw new Error("in the handler");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("in the handler");
      },
    ],
    ["closes the peer itself", (peer: Socket) => peer.close()],
  ] as const)("a handler that %s leaves no descriptor behind", async ([, handler]) => {
    const before = kernel.openDescriptors();
    const listener = listenOnLoopback();
    const served = listener.serve(handler);
    const client = await connectTo(listener.getsockname());
    while ((await client.recv(1024)).length > 0);
    client.close();
    listener.close();
    await served;
    expect(kernel.openDescriptors()).toBe(before);
  });

  test("a handler that is not a function rejects with a TypeError", async () => {
    const handler: unknown = "echo";
    const serve = listenOnLoopback().serve(handler as (peer: Socket) => void);
    await expect(serve).rejects.toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
  });
});

describe("a handler error is published exactly once and passed to onError", () => {
  const failure = new Error("in the handler");

  test.for([
    [
      "throws",
      () => {
        throw failure;
      },
    ],
    ["rejects at once", () => Promise.reject(failure)],
    [
      "rejects later",
      async (peer: Socket) => {
        await peer.recv(1024);
        throw failure;
      },
    ],
    [
      "rejects after it closed its peer",
      async (peer: Socket) => {
        peer.close();
        await new Promise(setImmediate);
        throw failure;
      },
    ],
  ] as const)("when it %s; its peer is closed, and the others continue", async ([, fail]) => {
    const messages = published();
    const onError = vi.fn();
    const listener = listenOnLoopback();
    let isFirst = true;
    const served = listener.serve(
      (peer) => {
        if (!isFirst) return echoSocket(peer);
        isFirst = false;
        return fail(peer);
      },
      { onError },
    );
    const [failing, other] = [await connectTo(listener.getsockname()), await connectTo(listener.getsockname())];
    await other.sendall("before");
    expect(String(await other.recv(1024))).toBe("before");
    failing.trySend("go on");
    expect(await failing.recv(1024).catch((error: NodeJS.ErrnoException) => error.code)).toSatisfy(
      (end) => end === "ECONNRESET" || (Buffer.isBuffer(end) && end.length === 0),
    );
    await other.sendall("after");
    expect(String(await other.recv(1024))).toBe("after");
    const late = await connectTo(listener.getsockname());
    await late.sendall("late");
    expect(String(await late.recv(1024))).toBe("late");

    const address = failing.getsockname();
    expect(messages).toEqual([{ error: failure, address }]);
    expect(onError.mock.calls).toEqual([[failure, address]]);
    listener.close();
    await served;
  });

  test("a socket error of the peer is a handler error, too", async () => {
    const messages = published();
    const listener = listenOnLoopback();
    const served = listener.serve(async (peer) => {
      listener.close();
      await peer.sendall("never read");
      await peer.recv(1);
      await peer.sendall("x");
      await peer.recv(1);
    });
    const client = await connectTo(listener.getsockname());
    await client.readable();
    client.close();
    await served;
    await vi.waitUntil(() => messages.length > 0);
    expect(messages).toEqual([{ error: expect.objectContaining({ code: "ECONNRESET" }), address: expect.anything() }]);
  });

  test("without a subscriber and without onError, a handler error does not end the process", async () => {
    const listener = listenOnLoopback();
    const served = listener.serve(() => Promise.reject(failure));
    const client = await connectTo(listener.getsockname());
    expect(await client.recv(1)).toHaveLength(0);
    listener.close();
    await served;
  });
});

describe("serve ends", () => {
  test("when the listener is closed; running handlers continue", async () => {
    const listener = listenOnLoopback();
    const served = listener.serve(echoSocket);
    const client = await connectTo(listener.getsockname());
    await client.sendall("one");
    expect(String(await client.recv(1024))).toBe("one");
    listener.close();
    await served;
    await client.sendall("two");
    expect(String(await client.recv(1024))).toBe("two");
  });

  test("when the signal aborts; the listener stays open", async () => {
    const listener = listenOnLoopback();
    const controller = new AbortController();
    const served = listener.serve(echoSocket, { signal: controller.signal });
    const client = await connectTo(listener.getsockname());
    await client.sendall("one");
    expect(String(await client.recv(1024))).toBe("one");
    controller.abort();
    await served;
    expect(listener.closed).toBe(false);

    const again = listener.serve(echoSocket);
    const next = await connectTo(listener.getsockname());
    await next.sendall("two");
    expect(String(await next.recv(1024))).toBe("two");
    listener.close();
    await again;
  });

  test("at once when the signal is already aborted", async () => {
    const listener = listenOnLoopback();
    await expect(listener.serve(echoSocket, { signal: AbortSignal.abort() })).resolves.toBeUndefined();
    expect(listener.closed).toBe(false);
  });

  test("without an error of a handler that waits with the same signal", async () => {
    const messages = published();
    const listener = listenOnLoopback();
    const controller = new AbortController();
    const { signal } = controller;
    const served = listener.serve((peer) => peer.recv(1024, { signal }), { signal });
    const client = await connectTo(listener.getsockname());
    await client.writable();
    setImmediate(() => controller.abort());
    expect(await client.recv(1)).toHaveLength(0);
    await served;
    expect(messages).toEqual([]);
  });

  test("with an error on a closed socket and on a socket that does not listen", async () => {
    const listener = listenOnLoopback();
    listener.close();
    await expect(listener.serve(echoSocket)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
    const bare: Socket<unknown> = openStream();
    await expect(bare.serve(echoSocket)).rejects.toMatchObject({ code: "EINVAL", syscall: "accept" });
  });
});
