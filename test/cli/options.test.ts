import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { IPPROTO_TCP, SHUT_WR, type Socket, socket, TCP_NODELAY } from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { connectToUrl } from "../support/sockets.ts";
import { freeFolder, start, startInShell, startListener } from "./sockwright.ts";

/** A listener of the test, and the program connected to it. */
async function connectCommand(...options: readonly string[]): Promise<{ child: Child; peer: Socket; url: string }> {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const url = `tcp://127.0.0.1:${listener.listen().getsockname().port}`;
  const child = await start("connect", url, ...options);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  return { child, peer, url };
}

/** Everything that arrives until the end of the stream. */
async function text(peer: Socket): Promise<string> {
  let all = "";
  for await (const chunk of peer) all += chunk.toString();
  return all;
}

const done = { code: 0, signal: null };

describe("--crlf", () => {
  test("--crlf sends each LF as CRLF, and leaves a CRLF unchanged", async () => {
    const { child, peer } = await connectCommand("--crlf");
    child.stdin.end("one\ntwo\r\n\n\rthree");
    expect(await text(peer)).toBe("one\r\ntwo\r\n\r\n\rthree");
  });

  test("--crlf leaves a CRLF unchanged that arrives in two pieces", async () => {
    const { child, peer } = await connectCommand("--crlf");
    child.stdin.write("one\r");
    expect(String(await peer.recv(16))).toBe("one\r");
    child.stdin.write("\ntwo");
    expect(String(await peer.recv(16))).toBe("\ntwo");
    child.stdin.end("\n");
    expect(await text(peer)).toBe("\r\n");
  });

  test("--crlf does not change received bytes", async () => {
    const { child, peer } = await connectCommand("--crlf");
    await peer.sendall("one\ntwo\r\n");
    peer.close();
    child.stdin.end();
    await child.exit();
    expect(child.stdout).toBe("one\ntwo\r\n");
  });
});

describe("--wait", () => {
  test("--wait ends the command when the peer is silent after the end of standard input", async () => {
    const { child, peer } = await connectCommand("--wait", "50ms");
    child.stdin.end("question");
    expect(String(await peer.recv(16))).toBe("question");
    expect(await child.exit()).toEqual(done);
  });

  test("--wait ends the command when standard input is silent after the end of the peer", async () => {
    const { child, peer } = await connectCommand("--wait", "50ms");
    peer.shutdown(SHUT_WR);
    expect(await child.exit()).toEqual(done);
  });

  test("--wait starts only after one direction has ended", async () => {
    const { child, peer } = await connectCommand("--wait", "0");
    await peer.sendall("still\n");
    await child.line(/^still$/);
    child.stdin.write("here");
    expect(String(await peer.recv(16))).toBe("here");
    child.stdin.end();
    expect(await child.exit()).toEqual(done);
  });
});

describe("--idle-timeout", () => {
  test("--idle-timeout ends connect with exit code 3", async () => {
    const { child } = await connectCommand("--idle-timeout", "50ms");
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(child.stderr).toBe("sockwright: nothing was sent or received for 50 ms (--idle-timeout)\n");
  });

  test("--idle-timeout also covers the wait for a connection", async () => {
    const child = await start("listen", "tcp://127.0.0.1:0", "--idle-timeout", "50ms");
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(child.stderr).toContain("sockwright: no client connected for 50 ms (--idle-timeout)\n");
  });

  test("--idle-timeout ends listen with exit code 3", async () => {
    const { child, url } = await startListener("tcp://127.0.0.1:0", "--idle-timeout", "500ms");
    await connectToUrl(url);
    expect(await child.exit()).toEqual({ code: 3, signal: null });
  });

  test("--idle-timeout ends the command when the peer reads nothing", async () => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    const { port } = listener.listen().getsockname();
    const script = "yes | sockwright connect tcp://127.0.0.1:$1 --idle-timeout 300ms";
    const child = await startInShell(script, String(port));
    expect(await child.exit()).toEqual({ code: 3, signal: null });
  });
});

describe("--connect-timeout", () => {
  test("--connect-timeout ends connect when a listener accepts no connection", async () => {
    const listener = socket();
    onTestFinished(() => listener.close());
    listener.bind({ host: "127.0.0.1", port: 0 });
    const { port } = listener.listen(0).getsockname();
    // tcp(7): with a backlog of 0, one connection waits, and the kernel answers no further ones.
    const first = await connectToUrl(`tcp://127.0.0.1:${port}`);
    expect(first.closed).toBe(false);
    const child = await start("connect", `tcp://127.0.0.1:${port}`, "--connect-timeout", "100ms");
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(child.stderr).toBe(`sockwright: tcp://127.0.0.1:${port}: no connection within 100 ms (--connect-timeout)\n`);
  });

  test("--connect-timeout has no effect after the connection is established", async () => {
    // The connection outlives the timeout.
    const { child } = await connectCommand("--connect-timeout", "100ms", "--idle-timeout", "300ms");
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(child.stderr).toBe("sockwright: nothing was sent or received for 300 ms (--idle-timeout)\n");
  });
});

describe("--source", () => {
  test("--source sets the local host", async () => {
    const { peer } = await connectCommand("--source", "127.0.0.2");
    expect(peer.getpeername().host).toBe("127.0.0.2");
  });

  test("--source sets the local host and port", async () => {
    const spare = socket();
    spare.bind({ host: "127.0.0.3", port: 0 });
    const { port } = spare.getsockname();
    spare.close();
    const { peer } = await connectCommand("--source", `127.0.0.3:${port}`);
    expect(peer.getpeername()).toMatchObject({ host: "127.0.0.3", port });
  });

  test("--source sets a Unix path, which is removed at the end", async () => {
    const own = join(freeFolder(), "own");
    const { child, url } = await startListener(`unix:${join(freeFolder(), "socket")}`);
    const client = await start("connect", url, "--source", own);
    await child.line(new RegExp(`^open: unix:${own}$`));
    client.stdin.end();
    child.stdin.end();
    expect(await client.exit()).toEqual(done);
    const again = await start("connect", url, "--source", own);
    expect((await again.exit()).code).toBe(1);
    expect(again.stderr).toContain("there is no such path");
  });
});

describe("--option", () => {
  test("--option sets a socket option, whatever the case of its name", async () => {
    const { peer } = await connectCommand("--option", "tcp_maxseg=600", "--option", "SO_KEEPALIVE=on");
    // The peer learns the value in the handshake: tcp(7), TCP_MAXSEG.
    expect(peer.getsockopt(IPPROTO_TCP, 2)).toBeLessThanOrEqual(600);
  });

  test("an option of the listener also applies to its connection", async () => {
    const { child, url } = await startListener("tcp://127.0.0.1:0", "--option", "TCP_MAXSEG=700");
    const client = await connectToUrl(url);
    expect(client.getsockopt(IPPROTO_TCP, 2)).toBeLessThanOrEqual(700);
    client.close();
    child.stdin.end();
    expect(await child.exit()).toEqual(done);
  });

  test("SO_LINGER=0 closes with a reset", async () => {
    const { child, peer } = await connectCommand("--option", "SO_LINGER=0", "--wait", "0");
    child.stdin.end();
    await child.exit();
    await expect(
      text(peer)
        .then(() => peer.sendall("x"))
        .then(() => peer.recv(1)),
    ).rejects.toThrow(/ECONNRESET|EPIPE/);
    expect(peer.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(0);
  });
});

describe("--json", () => {
  test("connect --verbose prints the connection, and the bytes in each direction", async () => {
    const { child, peer, url } = await connectCommand("--json");
    child.stdin.end("four");
    await text(peer);
    await peer.sendall("seven..");
    const { host, port } = peer.getpeername();
    peer.close();
    expect(await child.exit()).toEqual(done);
    expect(child.stdout).toBe("seven..");
    expect(
      child.stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { event: "open", local: `tcp://${host}:${port}`, peer: url },
      { event: "close", peer: url, bytesSent: 4, bytesReceived: 7 },
    ]);
  });

  test("listen --verbose prints its real port first", async () => {
    const child = await startInShell("sockwright listen --json tcp://127.0.0.1:0 2>&1 >/dev/null </dev/null");
    const [, url = ""] = await child.line(/^\{"event":"listening","url":"(tcp:\/\/127\.0\.0\.1:[1-9]\d*)"\}$/);
    const client = await connectToUrl(url);
    const { host, port } = client.getsockname();
    await client.sendall("seven..");
    client.close();
    expect(await child.exit()).toEqual(done);
    expect(
      child.stdout
        .trimEnd()
        .split("\n")
        .slice(1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { event: "open", local: url, peer: `tcp://${host}:${port}` },
      { event: "close", peer: `tcp://${host}:${port}`, bytesSent: 0, bytesReceived: 7 },
    ]);
  });
});
