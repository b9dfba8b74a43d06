import { createHash, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { socket } from "../../../src/index.ts";
import { MAX_HELD_BYTES } from "../../../src/testing/chaos-direction.ts";
import type { ChaosOptions } from "../../../src/testing/chaos-options.ts";
import { type ChaosProxy, chaosProxy } from "../../../src/testing/chaos-proxy.ts";
import { manualClock } from "../../../src/testing/manual-clock.ts";
import { listenPython, startPythonThroughChaos } from "../../support/python-through-chaos.ts";

const MIB = 1024 * 1024;

async function proxyTo(url: string, options?: ChaosOptions): Promise<ChaosProxy> {
  const proxy = await chaosProxy(url, options);
  onTestFinished(() => proxy.close());
  return proxy;
}

const ECHO = `
server = listening(url)
while True:
    peer, _ = server.accept()
    with peer:
        try:
            while data := peer.recv(65536):
                peer.sendall(data)
            say("the end")
        except OSError as error:
            say(type(error).__name__)
`;

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport));
  afterEach(() => void vi.unstubAllEnvs());

  test.for([
    ["tcp", "tcp://127.0.0.1:0"],
    ["unix", `unix:${join(tmpdir(), `sockwright-test-${randomUUID()}.sock`)}`],
  ] as const)(
    "over %s split bytes arrive complete and in order, in both directions at once",
    async ([, at], context) => {
      if (at.startsWith("unix:")) onTestFinished(() => rmSync(at.slice("unix:".length), { force: true }));
      const server = await listenPython(context, at, ECHO);
      const proxy = await proxyTo(server.url, { seed: 11, splitBytes: { min: 1, max: 16_384 } });
      const client = await startPythonThroughChaos(
        context,
        proxy.url,
        `
import hashlib, os, threading
sock = connected(url)
data = os.urandom(${MIB})
def send():
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
echo = b""
while piece := sock.recv(65536):
    echo += piece
say(hashlib.sha256(data).hexdigest(), hashlib.sha256(echo).hexdigest(), len(echo))
`,
      );
      const [, sent, echoed, length] = await client.line(/^(\w+) (\w+) (\d+)$/);
      expect([echoed, length]).toEqual([sent, `${MIB}`]);
      await server.child.line(/^the end$/);
      expect(proxy.stats()).toMatchObject({ connections: 1, bytesToTarget: MIB, bytesToClient: MIB, resets: 0 });
      await vi.waitFor(() => expect(proxy.stats().openConnections).toBe(0));
    },
  );

  test("delays run on the given clock", async (context) => {
    const clock = manualClock();
    const server = await listenPython(context, "tcp://127.0.0.1:0", ECHO);
    const proxy = await proxyTo(server.url, { delayMs: 1_000, clock });
    const client = await startPythonThroughChaos(
      context,
      proxy.url,
      `sock = connected(url)\nsock.sendall(b"hello")\nsay(sock.recv(99).decode())`,
    );
    await clock.awaitTimers();
    clock.advance(999);
    expect(proxy.stats().bytesToTarget).toBe(0);
    clock.advance(1);
    expect(proxy.stats().bytesToTarget).toBe(5);
    await vi.waitFor(() => expect(clock.nextDueMs).toBe(2_000));
    expect(client.stdout).toBe("");
    clock.advance(1_000);
    await client.line(/^hello$/);
  });

  test("throttling limits the bytes per second of a stream", async (context) => {
    const clock = manualClock();
    const server = await listenPython(context, "tcp://127.0.0.1:0", ECHO);
    const proxy = await proxyTo(server.url, { throttleBytesPerSecond: 2_000, clock });
    await startPythonThroughChaos(
      context,
      proxy.url,
      `sock = connected(url)\nsock.sendall(bytes(5_000))\nsock.recv(1)\ninput()`,
    );
    await clock.awaitTimers();
    for (const bytes of [100, 200, 300]) {
      clock.advance(50);
      expect(proxy.stats().bytesToTarget).toBe(bytes);
    }
    clock.advance(850);
    expect(proxy.stats().bytesToTarget).toBe(2_000);
  });

  test("both ends of a reset connection get ECONNRESET, after all earlier bytes", async (context) => {
    const server = await listenPython(context, "tcp://127.0.0.1:0", ECHO);
    const proxy = await proxyTo(server.url, { resetAfterBytes: 10 });
    const client = await startPythonThroughChaos(
      context,
      proxy.url,
      `
sock = connected(url)
try:
    sock.sendall(b"hello")
    say(sock.recv(99).decode())
    sock.sendall(b"hello again")
    while sock.recv(99): pass
    say("the end")
except OSError as error:
    say(type(error).__name__)
`,
    );
    await client.line(/^hello$/);
    await client.line(/^ConnectionResetError$/);
    await server.child.line(/^ConnectionResetError$/);
    expect(proxy.stats()).toMatchObject({ resets: 1, openConnections: 0, bytesToTarget: 10 });
  });

  test("a reset by the client reaches the target, and one by the target reaches the client", async (context) => {
    const server = await listenPython(
      context,
      "tcp://127.0.0.1:0",
      `
import struct
server = listening(url)
for turn in range(2):
    peer, _ = server.accept()
    try:
        if turn == 0:
            peer.sendall(b"ready")
            while peer.recv(99): pass
            say("the end")
        else:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError as error:
        say(type(error).__name__)
    peer.close()
`,
    );
    const proxy = await proxyTo(server.url);
    const client = await startPythonThroughChaos(
      context,
      proxy.url,
      `
import struct
sock = connected(url)
sock.recv(99)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
sock.close()
sock = connected(url)
try:
    say(len(sock.recv(99)))
except OSError as error:
    say(type(error).__name__)
`,
    );
    await server.child.line(/^ConnectionResetError$/);
    await client.line(/^ConnectionResetError$/);
    expect(proxy.stats().resets).toBe(0);
  });

  describe("the end of one side", () => {
    const COUNT = `
server = listening(url)
peer, _ = server.accept()
total = 0
while data := peer.recv(99):
    total += len(data)
    if data.endswith(b"!"):
        peer.sendall(b"heard")
        peer.shutdown(socket.SHUT_WR)
peer.sendall(b"%d bytes" % total) if total == 5 else None
say(total)
`;
    const CLIENT = `
sock = connected(url)
sock.sendall(b"12345")
sock.shutdown(socket.SHUT_WR)
say("got", sock.recv(99).decode())
`;

    test('with "pass" it is forwarded: the other side still answers', async (context) => {
      const server = await listenPython(context, "tcp://127.0.0.1:0", COUNT);
      const proxy = await proxyTo(server.url);
      const client = await startPythonThroughChaos(context, proxy.url, CLIENT);
      expect((await client.line(/^got .*$/))[0]).toBe("got 5 bytes");
    });

    test('with "close" it ends both directions', async (context) => {
      const clock = manualClock();
      const server = await listenPython(context, "tcp://127.0.0.1:0", COUNT);
      // The answer is delayed, so the close comes first.
      const proxy = await proxyTo(server.url, { halfClose: "close", delayMs: 10, clock });
      const client = await startPythonThroughChaos(context, proxy.url, CLIENT);
      await vi.waitFor(() => expect(proxy.stats().bytesToTarget).toBe(clock.advance(10) < 0 ? 0 : 5));
      await vi.waitFor(() => {
        clock.advance(10);
        expect(proxy.stats().openConnections).toBe(0);
      });
      await server.child.line(/^5$/);
      await client.line(/^got $/);
    });

    test('with "hold" it waits for the end of the other side', async (context) => {
      const server = await listenPython(context, "tcp://127.0.0.1:0", COUNT);
      const proxy = await proxyTo(server.url, { halfClose: "hold" });
      const client = await startPythonThroughChaos(
        context,
        proxy.url,
        `
sock = connected(url)
sock.sendall(b"123!")
say("got", sock.recv(99).decode())
sock.settimeout(0.05)
try:
    say(len(sock.recv(99)))
except TimeoutError:
    say("no end")
sock.settimeout(None)
sock.shutdown(socket.SHUT_WR)
say(len(sock.recv(99)))
`,
      );
      await server.child.line(/^4$/);
      expect(await client.exit()).toEqual({ code: 0, signal: null });
      expect(client.stdout).toBe("got heard\nno end\n0\n");
    });
  });

  test("a target that does not read stops the client: the proxy holds a limited number of bytes", async (context) => {
    const server = await listenPython(
      context,
      "tcp://127.0.0.1:0",
      `
import hashlib
server = listening(url)
peer, _ = server.accept()
input()
digest, total = hashlib.sha256(), 0
while data := peer.recv(65536):
    digest.update(data); total += len(data)
say(total, digest.hexdigest())
`,
    );
    const proxy = await proxyTo(server.url);
    const client = socket();
    onTestFinished(() => client.close());
    const { hostname, port } = new URL(proxy.url);
    await client.connect({ host: hostname, port: Number(port) });
    const piece = Buffer.alloc(MIB, "0123456789abcdef\n");
    const digest = createHash("sha256");
    let total = 0;
    // Repeated, to be sure that the kernel is full and not just this process slow: then nothing takes bytes any more.
    client.settimeout(100);
    for (let timesFull = 0; timesFull < 4; ) {
      const count = await client.send(piece).catch(() => 0);
      timesFull = count === 0 ? timesFull + 1 : 0;
      digest.update(piece.subarray(0, count));
      total += count;
    }
    const passed = proxy.stats().bytesToTarget;
    expect(total - passed).toBeGreaterThan(MAX_HELD_BYTES);
    // The rest is in the buffers of the kernel, some MiB on each side; they could not hold all 64 MiB.
    expect(total).toBeLessThan(64 * MIB);
    client.shutdown(1);
    server.child.stdin.end("go\n");
    await server.child.line(new RegExp(`^${total} ${digest.digest("hex")}$`));
    expect(proxy.stats().bytesToTarget).toBe(total);
  });

  test("a missing target resets the client and is counted", async (context) => {
    const proxy = await proxyTo("tcp://127.0.0.1:1");
    const client = await startPythonThroughChaos(
      context,
      proxy.url,
      `
sock = connected(url)
try:
    say(len(sock.recv(1)))
except OSError as error:
    say(type(error).__name__)
`,
    );
    await client.line(/^ConnectionResetError$/);
    expect(proxy.stats()).toMatchObject({ connections: 1, refusedConnections: 1, openConnections: 0 });
  });

  test("maxConnections: a further connection is reset and counted", async (context) => {
    const server = await listenPython(context, "tcp://127.0.0.1:0", ECHO);
    const proxy = await proxyTo(server.url, { maxConnections: 1 });
    const client = await startPythonThroughChaos(
      context,
      proxy.url,
      `
first = connected(url)
first.sendall(b"1")
say(first.recv(1).decode())
try:
    second = connected(url)
    say(len(second.recv(1)))
except OSError as error:
    say(type(error).__name__)
first.sendall(b"2")
say(first.recv(1).decode())
`,
    );
    await client.line(/^1$/);
    await client.line(/^ConnectionResetError$/);
    await client.line(/^2$/);
    expect(proxy.stats()).toMatchObject({ connections: 2, refusedConnections: 1 });
  });

  test("close resets open connections; a second close does nothing", async (context) => {
    const server = await listenPython(context, "tcp://127.0.0.1:0", ECHO);
    const proxy = await proxyTo(server.url);
    const client = await startPythonThroughChaos(
      context,
      proxy.url,
      `
sock = connected(url)
sock.sendall(b"x")
say(sock.recv(1).decode())
try:
    say(len(sock.recv(1)))
except OSError as error:
    say(type(error).__name__)
`,
    );
    await client.line(/^x$/);
    await proxy.close();
    await proxy.close();
    await client.line(/^ConnectionResetError$/);
    await server.child.line(/^ConnectionResetError$/);
    expect(proxy.stats().openConnections).toBe(0);
  });

  describe("datagrams", () => {
    const UDP_ECHO = `
server = listening(url)
while True:
    data, address = server.recvfrom(99)
    server.sendto(data.upper(), address)
`;

    test("reach the target and return, each to its own sender", async (context) => {
      const server = await listenPython(context, "udp://127.0.0.1:0", UDP_ECHO);
      const proxy = await proxyTo(server.url);
      const client = await startPythonThroughChaos(
        context,
        proxy.url,
        `
one, two = connected(url), connected(url)
one.send(b"one"); two.send(b"two"); one.send(b"")
say(two.recv(99).decode(), one.recv(99).decode(), len(one.recv(99)))
`,
      );
      await client.line(/^TWO ONE 0$/);
      expect(proxy.stats()).toMatchObject({ connections: 2, openConnections: 2, datagrams: 6, bytesToClient: 6 });
    });

    test("are dropped, duplicated and reordered in the same way with the same seed", async (context) => {
      const heard = async (seed: number): Promise<string> => {
        const server = await listenPython(
          context,
          "udp://127.0.0.1:0",
          `
server = listening(url)
numbers = []
while (data := server.recv(99)) != b"end" and len(numbers) < 200:
    numbers.append(data.decode())
say("heard", *numbers)
`,
        );
        const proxy = await proxyTo(server.url, {
          seed,
          dropProbability: 0.2,
          duplicateProbability: 0.1,
          reorderProbability: 0.2,
        });
        await startPythonThroughChaos(
          context,
          proxy.url,
          `
sock = connected(url)
for number in range(60): sock.send(b"%d" % number)
input()
`,
        );
        await vi.waitFor(() => {
          const { droppedDatagrams, datagrams, duplicatedDatagrams } = proxy.stats();
          expect(droppedDatagrams + datagrams - duplicatedDatagrams).toBe(60);
        });
        const end = socket(2, 2);
        await end.sendto("end", { host: "127.0.0.1", port: Number(new URL(server.url).port) });
        end.close();
        const [line] = await server.child.line(/^heard .*$/);
        return line;
      };
      const first = await heard(9);
      expect(await heard(9)).toBe(first);
      expect(await heard(10)).not.toBe(first);
      expect(first.split(" ").length).not.toBe(61);
    });

    test("to a missing target are lost without an error", async () => {
      const proxy = await proxyTo("udp://127.0.0.1:1");
      const client = socket(2, 2);
      onTestFinished(() => client.close());
      const { port } = new URL(proxy.url);
      for (let sent = 1; sent <= 4; sent++) {
        await client.sendto("x", { host: "127.0.0.1", port: Number(port) });
        await vi.waitFor(() => {
          const { datagrams, overflowedDatagrams } = proxy.stats();
          expect(datagrams + overflowedDatagrams).toBe(sent);
        });
      }
      expect(proxy.failure).toBeUndefined();
      expect(proxy.stats().openConnections).toBe(1);
    });

    test("reach a target that starts later: earlier errors are forgotten", async () => {
      const target = { host: "127.0.0.1", port: 0 };
      const first = socket(2, 2);
      first.bind(target);
      target.port = first.getsockname().port ?? 0;
      first.close();
      const proxy = await proxyTo(`udp://127.0.0.1:${target.port}`);
      const client = socket(2, 2);
      onTestFinished(() => client.close());
      await client.connect({ host: "127.0.0.1", port: Number(new URL(proxy.url).port) });
      await client.send("lost");
      await vi.waitFor(() => expect(proxy.stats().datagrams).toBe(1));
      const server = socket(2, 2);
      onTestFinished(() => server.close());
      server.bind(target);
      const answering = server.recvfrom(99).then(([data, address]) => server.sendto(data, address ?? target));
      // The error of the first datagram may be reported by the second send, whose datagram is then lost, too.
      client.settimeout(100);
      await vi.waitFor(async () => {
        await client.send("found");
        expect(String(await client.recv(99))).toBe("found");
      });
      await answering;
    });

    test("maxConnections: a new sender replaces the one that was silent the longest", async (context) => {
      const server = await listenPython(context, "udp://127.0.0.1:0", UDP_ECHO);
      const proxy = await proxyTo(server.url, { maxConnections: 2 });
      const client = await startPythonThroughChaos(
        context,
        proxy.url,
        `
socks = [connected(url) for _ in range(3)]
for sock in [socks[0], socks[1], socks[0], socks[2], socks[0]]:
    sock.send(b"a")
    say(sock.recv(9).decode())
`,
      );
      for (let answer = 0; answer < 5; answer++) await client.line(/^A$/);
      expect(proxy.stats()).toMatchObject({ connections: 3, openConnections: 2 });
    });
  });
});

test("seed is the given one, or a random one", async () => {
  expect((await proxyTo("tcp://127.0.0.1:1", { seed: 7 })).seed).toBe(7);
  const own = [await proxyTo("tcp://127.0.0.1:1"), await proxyTo("tcp://127.0.0.1:1")].map(({ seed }) => seed);
  expect(new Set(own).size).toBe(2);
});

test("the proxy listens at the given URL", async () => {
  const url = `unix:@sockwright-test-${randomUUID()}`;
  expect((await proxyTo("tcp://127.0.0.1:1", { listen: url })).url).toBe(url);
});

test.for([
  ["unix-seqpacket:@x", undefined, "targetUrl must be a tcp:, unix: or udp: URL, not unix-seqpacket:"],
  ["udp://127.0.0.1:1", "tcp://127.0.0.1:0", "options.listen and targetUrl must both be"],
  ["127.0.0.1:1", undefined, "has no scheme"],
] as const)("a proxy from %s to %s is rejected", async ([target, listen, reason]) => {
  await expect(chaosProxy(target, { listen })).rejects.toThrow(reason);
});

test("an address in use rejects, and no socket stays open", async () => {
  const first = await proxyTo("tcp://127.0.0.1:1");
  await expect(chaosProxy("tcp://127.0.0.1:1", { listen: first.url })).rejects.toMatchObject({ code: "EADDRINUSE" });
});
