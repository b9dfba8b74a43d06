// Sockets that keep message boundaries.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AddressInput,
  AF_INET,
  AF_UNIX,
  type Datagram,
  SHUT_WR,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  type Socket,
  socket,
} from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { read, startPiped } from "./pipes.ts";
import { freeFolder, start, startInShell, startListener } from "./sockwright.ts";

function udp(host = "127.0.0.1"): Socket<Datagram> {
  const own = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => own.close());
  own.bind({ host, port: 0 });
  return own;
}

function unixDatagrams(): Socket<Datagram> {
  const own = socket(AF_UNIX, SOCK_DGRAM);
  onTestFinished(() => own.close());
  own.bind({ path: "" });
  return own;
}

function inetOf(url: string): AddressInput {
  return { host: "127.0.0.1", port: Number(url.split(":").at(-1)) };
}

describe("connect udp:", () => {
  async function connected(
    ...options: readonly string[]
  ): Promise<{ child: Child; server: Socket<Datagram>; url: string }> {
    const server = udp();
    const url = `udp://127.0.0.1:${server.getsockname().port}`;
    return { child: await start("connect", url, ...options), server, url };
  }

  test("each read of standard input is sent as a datagram, and each answer is printed", async () => {
    const { child, server } = await connected();
    for (const word of ["one", "two"]) {
      child.stdin.write(`${word}\n`);
      const [data, address] = await server.recvfrom(64);
      expect(data.toString()).toBe(`${word}\n`);
      if (address === undefined) throw new Error("no sender");
      await server.sendto(`${word}!\n`, address);
      await child.line(new RegExp(`^${word}!$`));
    }
  });

  test("an empty answer is not the end, and --wait ends the command after standard input", async () => {
    const { child, server } = await connected("--wait", "100ms");
    child.stdin.end("question");
    const [, address] = await server.recvfrom(64);
    if (address === undefined) throw new Error("no sender");
    await server.sendto("", address);
    await server.sendto("answer", address);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("answer");
  });

  test("an undeliverable datagram is reported while standard input is open", async () => {
    const { child, server, url } = await connected();
    child.stdin.write("x");
    await server.recvfrom(1);
    server.close();
    child.stdin.write("y");
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    expect(child.stderr).toContain(`${url}: no process listens there`);
  });

  test("input larger than a datagram is sent as several", async () => {
    const { server, url } = await connected();
    const sent = randomBytes(70_000);
    const file = await startInShell(
      `printf %s ${sent.toString("base64")} | base64 -d >"$2/f"; sockwright connect "$1" --wait 0 <"$2/f"`,
      url,
      freeFolder(),
    );
    const first = await server.recv(100_000);
    const second = await server.recv(100_000);
    expect(first.length).toBeLessThanOrEqual(65_507);
    const third = first.length + second.length < sent.length ? await server.recv(100_000) : Buffer.alloc(0);
    expect(Buffer.concat([first, second, third]).equals(sent)).toBe(true);
    expect(await file.exit()).toEqual({ code: 0, signal: null });
  });
});

describe("listen udp:", () => {
  test("the first sender becomes the peer, and datagrams of others are ignored", async () => {
    const { child, url } = await startListener("udp://127.0.0.1:0");
    const [first, other] = [udp(), udp()];
    await first.sendto("first\n", inetOf(url));
    await child.line(/^open: udp:/);
    await child.line(/^first$/);
    await expect(
      other
        .connect(inetOf(url))
        .then(() => other.send("x"))
        .then(() => other.recv(1)),
    ).rejects.toThrow(/ECONNREFUSED/);
    child.stdin.write("answer");
    expect(String(await first.recv(64))).toBe("answer");
    await first.sendto("again\n", inetOf(url));
    await child.line(/^again$/);
    expect(child.stdout).not.toContain("x");
  });

  test("with --keep-open, every sender is received, and the last one gets the answer", async () => {
    const { child, url } = await startListener("--keep-open", "udp://127.0.0.1:0");
    for (const name of ["one", "two", "one"]) {
      const client = udp();
      await client.sendto(`${name}\n`, inetOf(url));
      await child.line(new RegExp(`^${name}$`));
      child.stdin.write(`hello ${name}`);
      expect(String(await client.recv(64))).toBe(`hello ${name}`);
    }
  });

  test("input that is typed before the first datagram waits for it", async () => {
    const { child, url } = await startListener("udp://127.0.0.1:0");
    child.stdin.write("early");
    const client = udp();
    await client.sendto("hello\n", inetOf(url));
    expect(String(await client.recv(64))).toBe("early");
  });
});

describe("unix-dgram:", () => {
  test("connect binds an address, so that it can be answered", async () => {
    const server = unixDatagrams();
    const child = await start("connect", `unix-dgram:@${String(server.getsockname().abstract)}`);
    child.stdin.write("question");
    const [, address] = await server.recvfrom(64);
    if (address === undefined) throw new Error("no sender");
    await server.sendto("answer\n", address);
    await child.line(/^answer$/);
    server.close();
    child.stdin.write("still there?");
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    expect(child.stderr).toContain("no process listens there");
  });

  test("listen receives from a sender without an address, and reports that it cannot answer", async () => {
    const path = join(freeFolder(), "socket");
    const { child } = await startListener(`unix-dgram:${path}`);
    const client = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => client.close());
    await client.sendto("hello\n", { path });
    await child.line(/^hello$/);
    child.stdin.write("answer");
    const [told] = await child.line(/^sockwright: /);
    expect(told.length).toBeGreaterThan(0);
  });

  test("a record that is too long for the buffer is reported", async () => {
    const path = join(freeFolder(), "socket");
    const { child } = await startListener(`unix-dgram:${path}`);
    const client = unixDatagrams();
    // socket(7), SO_SNDBUFFORCE: allows more than net.core.wmem_max.
    client.setsockopt(SOL_SOCKET, 32, 1024 * 1024);
    expect(client.getsockopt(SOL_SOCKET, SO_SNDBUF)).toBeGreaterThan(512 * 1024);
    await client.sendto(Buffer.alloc(256 * 1024 + 1), { path });
    await child.line(/^sockwright: a record of more than 262144 bytes was received: it was cut$/);
    expect(await child.exit()).toEqual({ code: 1, signal: null });
  });
});

describe("unix-seqpacket:", () => {
  function pair(): { listener: Socket; path: string } {
    const path = join(freeFolder(), "socket");
    const own = socket(AF_UNIX, SOCK_SEQPACKET) as Socket;
    onTestFinished(() => own.close());
    own.bind({ path });
    own.listen();
    return { listener: own, path };
  }

  test("records pass in both directions, an empty one is not the end, and each direction ends separately", async () => {
    const { listener, path } = pair();
    const own = startPiped("connect", `unix-seqpacket:${path}`);
    const [peer] = await listener.accept();
    onTestFinished(() => peer.close());
    own.stdin.write("one");
    expect(String(await peer.recv(64))).toBe("one");
    await peer.send("");
    await peer.send("answer");
    expect(String(await read(own.stdout, 64))).toBe("answer");
    peer.shutdown(SHUT_WR);
    expect(await read(own.stdout, 64)).toHaveLength(0);
    own.stdin.write("two");
    expect(String(await peer.recv(64))).toBe("two");
    own.stdin.end();
    expect(await peer.recv(64)).toHaveLength(0);
    expect(await own.exitCode).toBe(0);
  });

  test("listen and connect talk to each other", async () => {
    const { child: server, url } = await startListener(`unix-seqpacket:${join(freeFolder(), "socket")}`);
    const client = await start("connect", url);
    client.stdin.write("ping\n");
    await server.line(/^ping$/);
    server.stdin.end("pong\n");
    await client.line(/^pong$/);
    client.stdin.end();
    expect(await client.exit()).toEqual({ code: 0, signal: null });
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  });
});
