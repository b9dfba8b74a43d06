// What other users of a shared descriptor do with it: clear O_NONBLOCK, own it in another thread, lose it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket as NetSocket, connect as netConnect } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_UNIX, adopt, type Listener, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { startChild } from "../../support/child.ts";
import { closeAtTheEnd, listenOnLoopback, openStream, unixPair } from "../../support/sockets.ts";

const PROGRAM = fileURLToPath(new URL("programs/shared-descriptors.mjs", import.meta.url));

function unixListener(): Listener {
  const listener = socket(AF_UNIX);
  onTestFinished(() => listener.close());
  listener.bind({ path: "" });
  return listener.listen();
}

/** libuv makes the standard input of a child blocking, and so the socket that both share. */
async function giveToChild(descriptor: number): Promise<void> {
  const child = spawn(process.execPath, ["-e", "0"], { stdio: [descriptor, "ignore", "inherit"] });
  await once(child, "exit");
}

describe("a child has the socket as its standard input and clears O_NONBLOCK", () => {
  test.each([
    ["TCP", listenOnLoopback],
    ["Unix", unixListener],
  ] as const)("accept, serve and iteration of a %s listener do not block the process", async (_name, listen) => {
    const listener = listen();
    await giveToChild(listener.fileno());
    const unblocks = vi.spyOn(kernel, "unblock");
    const accepted = listener.accept();
    expect(unblocks).toHaveBeenCalledTimes(1);
    unblocks.mockRestore();
    const connect = async (): Promise<void> => {
      await openStream(listener.family).connect(listener.getsockname());
    };
    const [[peer]] = await Promise.all([accepted, connect()]);
    peer.close();

    await giveToChild(listener.fileno());
    const next = listener[Symbol.asyncIterator]().next();
    await connect();
    const { value } = await next;
    value?.[0].close();

    await giveToChild(listener.fileno());
    let served = 0;
    const serving = listener.serve(() => {
      served++;
      listener.close();
    });
    await connect();
    await serving;
    expect(served).toBe(1);
  });

  test("connect to a full backlog waits without blocking the process", async () => {
    const listener = socket(AF_UNIX);
    onTestFinished(() => listener.close());
    listener.bind({ path: "" });
    const listening = listener.listen(0);
    await openStream(AF_UNIX).connect(listener.getsockname());
    const client = openStream(AF_UNIX);
    await giveToChild(client.fileno());
    const connecting = client.connect(listener.getsockname());
    const [first] = await listening.accept();
    expect(await connecting).toBeUndefined();
    const [second] = await listening.accept();
    closeAtTheEnd(first, second);
  });
});

describe("adopt refuses a descriptor that has an owner", () => {
  const owned = expect.objectContaining({ code: "EEXIST", syscall: "adopt" });

  test("a Socket of this thread; a detached descriptor can be adopted, and a closed one is EBADF", () => {
    const [ours] = unixPair();
    expect(() => adopt(ours.fileno())).toThrow(owned);
    const descriptor = ours.detach();
    const adopted = adopt(descriptor);
    expect(() => adopt(descriptor)).toThrow(owned);
    adopted.close();
    expect(() => adopt(descriptor)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });

  test("a Socket of another thread", async () => {
    const child = await startChild(process.execPath, [PROGRAM, "adopt in a worker"]);
    expect([await child.exit(), child.stdout, child.stderr]).toEqual([
      { code: 0, signal: null },
      "worker EEXIST\nworker's own EEXIST\ndetached socket\nafter the worker socket\n",
      "",
    ]);
  });

  test("a server or a socket of node:net", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const client: NetSocket = netConnect(port, "127.0.0.1");
    const [peer] = (await once(server, "connection")) as [NetSocket];
    for (const each of [server, client, peer]) {
      const handle: unknown = Reflect.get(each, "_handle");
      expect(() => adopt(Number(Reflect.get(Object(handle), "fd")))).toThrow(owned);
    }
    client.destroy();
    peer.destroy();
    server.close();
    await once(server, "close");
  });
});

describe("SO_LINGER does not block", () => {
  test.for(["lost and collected", "at process.exit()", "at the end of a worker", "links of layer 2"])(
    "%s",
    async (how) => {
      const child = await startChild(process.execPath, ["--expose-gc", PROGRAM, how]);
      await child.line(/^goes on$/);
      expect(await child.exit()).toEqual({ code: 0, signal: null });
    },
  );
});
