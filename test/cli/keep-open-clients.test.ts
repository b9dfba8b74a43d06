// listen --keep-open: no client can end or delay what the other clients share.
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MAX_BEHIND_BYTES } from "../../src/cli/broadcast.ts";
import { ANSWER_MS } from "../../src/cli/datagram-listener.ts";
import { type AddressInput, AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, socket } from "../../src/index.ts";
import { freeFolder, startInShell, startListener } from "./sockwright.ts";

/** Far more than a client that reads nothing may have queued. */
const FLOOD_BYTES = 4 * MAX_BEHIND_BYTES;

const STREAMS = ["tcp", "unix", "unix-seqpacket"] as const;

function addressOf(url: string): AddressInput {
  const path = /^unix[a-z-]*:(.*)$/.exec(url)?.[1];
  return path === undefined ? { host: "127.0.0.1", port: Number(url.split(":").at(-1)) } : { path };
}

function freeUrl(scheme: string): string {
  return scheme === "tcp" || scheme === "udp" ? `${scheme}://127.0.0.1:0` : `${scheme}:${join(freeFolder(), "socket")}`;
}

async function clientOf(url: string) {
  const scheme = url.slice(0, url.indexOf(":"));
  const client = socket(scheme === "tcp" ? AF_INET : AF_UNIX, scheme === "unix-seqpacket" ? SOCK_SEQPACKET : 1);
  onTestFinished(() => client.close());
  await client.connect(addressOf(url));
  return client;
}

describe.for(STREAMS)("%s", (scheme) => {
  test.for(["without", "with"])(
    "listen disconnects a client that stops reading, %s --idle-timeout; the other clients receive every byte",
    async (how) => {
      const script = `exec 2>&1; { read -r; head -c ${FLOOD_BYTES} /dev/zero; read -r; } | sockwright listen --keep-open $@`;
      const child = await startInShell(script, freeUrl(scheme), ...(how === "with" ? ["--idle-timeout", "20s"] : []));
      const [, url = ""] = await child.line(/^listening on (.+)$/);
      const [stuck, reading] = [await clientOf(url), await clientOf(url)];
      for (const _ of [stuck, reading]) await child.line(/^open: /);
      child.stdin.write("now\n");
      const memory = Buffer.alloc(256 * 1024);
      for (let bytes = 0; bytes < FLOOD_BYTES; ) {
        const received = await reading.recv_into(memory);
        if (received === 0) throw new Error("the reader lost its connection");
        bytes += received;
      }
      await child.line(/^sockwright: .*: closed, because it fell 16 MiB behind$/);
      await reading.send("still here\n");
      expect(await child.line(/^still here$/)).toHaveLength(1);
    },
  );

  test("--wait: after the end of standard input, silence of all clients ends listen", async () => {
    const { child, url } = await startListener("--keep-open", "--wait", "200ms", freeUrl(scheme));
    const client = await clientOf(url);
    await child.line(/^open: /);
    child.stdin.end("bye");
    expect(String(await client.recv(16))).toBe("bye");
    expect(await client.recv(16)).toHaveLength(0);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});

describe("datagrams: a client that cannot be answered loses only its answer", () => {
  test("a Unix socket without an address", async () => {
    const { child, url } = await startListener("--keep-open", freeUrl("unix-dgram"));
    const nameless = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => nameless.close());
    await nameless.sendto("hello\n", addressOf(url));
    await child.line(/^hello$/);
    child.stdin.write("lost");
    await child.line(/^sockwright: the sender's socket has no name, so it cannot be answered$/);
    const named = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => named.close());
    named.bind({ path: "" });
    await named.sendto("next\n", addressOf(url));
    expect(await child.line(/^next$/)).toHaveLength(1);
    child.stdin.write("answer");
    expect(String(await named.recv(16))).toBe("answer");
  });

  test("a Unix socket that has been closed", async () => {
    const { child, url } = await startListener("--keep-open", freeUrl("unix-dgram"));
    const gone = socket(AF_UNIX, SOCK_DGRAM);
    gone.bind({ path: "" });
    await gone.sendto("hello\n", addressOf(url));
    await child.line(/^hello$/);
    gone.close();
    child.stdin.write("lost");
    await child.line(/^sockwright: unix-dgram:@.*: the peer has gone/);
    const named = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => named.close());
    await named.sendto("next\n", addressOf(url));
    expect(await child.line(/^next$/)).toHaveLength(1);
  });

  test("ANSWER_MS: a Unix socket whose queue is full", async () => {
    const { child, url } = await startListener("--keep-open", freeUrl("unix-dgram"));
    const full = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => full.close());
    full.bind({ path: "" });
    await full.sendto("hello\n", addressOf(url));
    await child.line(/^hello$/);
    // unix(7), max_dgram_qlen: a few datagrams fill the queue; each piece of this text is a datagram.
    child.stdin.write(Buffer.alloc(4 * 1024 * 1024, "x"));
    await child.line(new RegExp(`^sockwright: .*did not take an answer for ${ANSWER_MS} ms$`));
    await full.sendto("again\n", addressOf(url));
    expect(await child.line(/^again$/)).toHaveLength(1);
  });

  test("listen skips an answer that is too long for a datagram", async () => {
    const { child, url } = await startListener("--keep-open", freeUrl("unix-dgram"));
    const sender = socket(AF_UNIX, SOCK_DGRAM);
    onTestFinished(() => sender.close());
    // socket(7), SO_SNDBUFFORCE: allows more than net.core.wmem_max.
    sender.setsockopt(1, 32, 1024 * 1024);
    await sender.sendto(Buffer.alloc(256 * 1024 + 1), addressOf(url));
    await child.line(/^sockwright: a record of more than 262144 bytes was received: it was cut$/);
    await sender.sendto("short\n", addressOf(url));
    expect(await child.line(/^short$/)).toHaveLength(1);
  });

  test("a UDP port 0", async (context) => {
    const { child, url } = await startListener("--keep-open", freeUrl("udp"));
    const port = Number(url.split(":").at(-1));
    // raw(7): a forged header; source port 0 means "not used", RFC 768.
    if (process.getuid?.() !== 0) context.skip("raw sockets need CAP_NET_RAW");
    const raw = socket(AF_INET, 3, 17);
    onTestFinished(() => raw.close());
    const packet = Buffer.concat([Buffer.alloc(8), Buffer.from("hello\n")]);
    packet.writeUInt16BE(port, 2);
    packet.writeUInt16BE(packet.length, 4);
    await raw.sendto(packet, { host: "127.0.0.1", port: 0 });
    await child.line(/^hello$/);
    child.stdin.write("lost");
    await child.line(/^sockwright: the sender's port is 0, so it cannot be answered$/);
    const named = socket(AF_INET, SOCK_DGRAM);
    onTestFinished(() => named.close());
    await named.sendto("next\n", { host: "127.0.0.1", port });
    expect(await child.line(/^next$/)).toHaveLength(1);
  });
});

describe.for(["tcp", "udp"])("listen %s://NAME listens on every address of the name", (scheme) => {
  test.for([
    ["one client", []],
    ["--keep-open", ["--keep-open"]],
  ] as const)("%s", async ([, options]) => {
    // The command resolves the name to these two addresses.
    const resolve = `import dns from "node:dns/promises";
      import { syncBuiltinESMExports } from "node:module";
      dns.lookup = async () => [{ address: "127.0.0.2", family: 4 }, { address: "127.0.0.3", family: 4 }];
      syncBuiltinESMExports();`;
    for (const host of ["127.0.0.2", "127.0.0.3"]) {
      const preload = `data:text/javascript,${encodeURIComponent(resolve)}`;
      const script = 'exec 2>&1; export NODE_OPTIONS=--import="$1"; shift; sockwright listen "$@"';
      const child = await startInShell(script, preload, `${scheme}://two.example:0`, ...options);
      const [, port = ""] = await child.line(/^listening on [a-z]+:\/\/two\.example:([1-9]\d*)$/);
      const to = { host, port: Number(port) };
      const client = scheme === "tcp" ? socket() : socket(AF_INET, SOCK_DGRAM);
      onTestFinished(() => client.close());
      await client.connect(to);
      await client.sendall("hello\n");
      await child.line(/^hello$/);
      child.stdin.write("answer");
      expect(String(await client.recv(16))).toBe("answer");
    }
  });
});
