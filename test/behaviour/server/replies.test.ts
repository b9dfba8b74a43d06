// What a reply to a datagram does when it cannot be sent: no packet, whatever its sender, stops the server.
import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { DatagramServer, MAX_EARLY_DATAGRAMS } from "../../../src/server/datagram-server.ts";
import { DatagramLimit } from "../../../src/server/limits/datagram-limit.ts";
import { serveLimits } from "../../../src/server/serve-options.ts";
import { ServiceRun } from "../../../src/server/service-run.ts";
import { ServerReports } from "../../../src/server/telemetry/server-reports.ts";
import { systemClock } from "../../../src/server/time/clock.ts";
import { nativeTransport } from "../../../src/server/transport/native-transport.ts";
import { MAX_UNSENT_BYTES } from "../../../src/server/transport/node-datagram-socket.ts";
import { nodeTransport } from "../../../src/server/transport/node-transport.ts";
import type { Peer } from "../../../src/server/transport/peer.ts";
import type { DatagramSocket } from "../../../src/server/transport/transport.ts";
import { type DatagramMessage, parseSocketUrl, type ServeOptions, type Server } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { requireTool } from "../../support/tools.ts";
import { until } from "../../support/until.ts";

/** Longer than any UDP datagram, and than the send buffer of a Unix socket. */
const TOO_LONG = 1024 * 1024;

interface Heard {
  readonly server: Server;
  /** Datagrams that have been received and not answered. */
  readonly messages: DatagramMessage[];
  /** What `onError` has received. */
  readonly errors: { readonly error: unknown; readonly peer: Peer | undefined }[];
  /** Waits for the next message. */
  next(): Promise<DatagramMessage>;
}

/** A server that keeps its datagrams: the test answers them from outside the service. */
async function hearing(url: string, options: ServeOptions = {}): Promise<Heard> {
  const messages: DatagramMessage[] = [];
  const errors: Heard["errors"] = [];
  const service = { name: "keep", datagram: (message: DatagramMessage) => void messages.push(message) };
  const onError = (error: unknown, peer: Peer | undefined): void => void errors.push({ error, peer });
  const server = await serving(service, { onError, ...options }, url);
  const next = async (): Promise<DatagramMessage> => {
    await until(() => messages.length > 0, "a datagram");
    const message = messages.shift();
    if (message === undefined) throw new Error("there is one");
    return message;
  };
  return { server, messages, errors, next };
}

function free(form: string): string {
  return form.replace("NAME", `sockwright-${randomUUID()}`);
}

const kinds = [
  ["native", "udp://127.0.0.1:0"],
  ["native", "udp://[::1]:0"],
  ["native", "unix-dgram:@NAME"],
  ["node", "udp://127.0.0.1:0"],
  ["node", "udp://[::1]:0"],
  ["memory", "udp://127.0.0.1:0"],
  ["memory", "unix-dgram:@NAME"],
] as const;

describe.each(kinds)("over %s, %s", (transport, form) => {
  beforeEach(() => {
    if (transport === "memory") {
      const memory = memoryTransport();
      onTestFinished(() => memory[Symbol.dispose]());
    } else {
      vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
    }
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("reply() of neither text nor bytes throws TypeError, before and after close()", async () => {
    const { server, next } = await hearing(free(form));
    (await connected(server)).write("ask");
    const { reply } = await next();
    const untyped = reply as (data: unknown) => boolean;
    for (const wrong of [7, null, undefined, {}, [1], true]) expect(() => untyped(wrong)).toThrow(TypeError);
    await server.close();
    for (const wrong of [7, null, undefined, {}]) expect(() => untyped(wrong)).toThrow(TypeError);
    expect(server.stats()).toMatchObject({ repliesSent: 0, repliesDropped: 0 });
  });

  test("reply() that is too long returns false, and the next reply is sent", async () => {
    const { server, next, errors } = await hearing(free(form));
    const client = await connected(server);
    client.write("ask");
    const { reply } = await next();
    expect(reply(Buffer.alloc(TOO_LONG))).toBe(false);
    expect(reply("short")).toBe(true);
    expect(String(await client.read())).toBe("short");
    expect(server.stats()).toMatchObject({ repliesSent: 1, repliesDropped: 1 });
    expect(errors).toEqual([]);
  });

  test("reply() after close() returns false", async () => {
    const { server, next, errors } = await hearing(free(form));
    (await connected(server)).write("ask");
    const { reply } = await next();
    await server.close();
    expect(reply("late")).toBe(false);
    expect(server.stats()).toMatchObject({ repliesSent: 0, repliesDropped: 1 });
    expect(errors).toEqual([]);
  });

  test("reply() to a client that has closed does not affect other clients", async () => {
    const { server, next } = await hearing(free(form));
    const client = await connected(server);
    client.write("ask");
    const { reply } = await next();
    await client.close();
    reply("anybody there?");
    reply("really nobody?");
    const other = await connected(server);
    other.write("ask");
    expect((await next()).reply("answer")).toBe(true);
    expect(String(await other.read())).toBe("answer");
  });
});

const BOUND = { native: nativeTransport, node: nodeTransport };
/** Peers that a real socket or a forged packet can have, and the error code of an answer. */
const peers: readonly [keyof typeof BOUND, string, Peer, string | undefined][] = [
  ["native", "udp://127.0.0.1:0", { host: "127.0.0.1", port: 0 }, undefined],
  ["native", "udp://[::1]:0", { host: "::1", port: 0 }, undefined],
  ["native", "udp://[::]:0", { host: "::ffff:127.0.0.1", port: 0 }, undefined],
  ["native", "udp://0.0.0.0:0", { host: "255.255.255.255", port: 9 }, "EACCES"],
  ["native", "udp://0.0.0.0:0", { host: "127.255.255.255", port: 9 }, "EACCES"],
  ["native", "udp://[::1]:0", { host: "fe80::1%no-such", port: 9 }, "ERR_INVALID_ARG_VALUE"],
  ["native", "unix-dgram:@NAME", { path: "" }, undefined],
  ["native", "unix-dgram:@NAME", { path: "/no/such/socket" }, "ENOENT"],
  ["native", "unix-dgram:@NAME", { path: `/${"x".repeat(107)}` }, "ERR_OUT_OF_RANGE"],
  ["native", "unix-dgram:@NAME", { abstract: "sockwright-nobody" }, "ECONNREFUSED"],
  ["node", "udp://127.0.0.1:0", { host: "127.0.0.1", port: 0 }, undefined],
  ["node", "udp://[::1]:0", { host: "::1", port: 0 }, undefined],
  ["node", "udp://0.0.0.0:0", { host: "255.255.255.255", port: 9 }, "EACCES"],
  ["node", "udp://127.0.0.1:0", { path: "" }, undefined],
];

test.each(peers)(
  "over %s, a socket on %s answers %j: send() returns false or reports an error, and never throws",
  async (name, form, peer, code) => {
    const failures: [string | undefined, Peer | undefined][] = [];
    const codeOf = (error: Error): string | undefined => ("code" in error ? String(error.code) : undefined);
    const socket: DatagramSocket = await BOUND[name].bind(parseSocketUrl(free(form)), {
      onReceived: () => undefined,
      onError: (error, to) => void failures.push([codeOf(error), to]),
      onLost: (error) => void failures.push([`lost: ${codeOf(error)}`, undefined]),
    });
    const isTaken = socket.send(Buffer.from("answer"), peer);
    // node:dgram accepts datagrams that it may fail to send later.
    if (name === "native" || code === undefined) expect(isTaken).toBe(false);
    if (code !== undefined) await until(() => failures.length > 0, "the failure");
    await socket.close();
    expect(failures).toEqual(code === undefined ? [] : [[code, peer]]);
    expect(socket.send(Buffer.from("answer"), { host: "127.0.0.1", port: 9 })).toBe(false);
  },
);

/** Sends a UDP packet with a source port that no socket can have: raw(7), which requires root. */
const FORGE = `
import socket, struct, sys
family, host, port = (socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET), sys.argv[1], int(sys.argv[2])
raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP)
if family == socket.AF_INET6: raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_CHECKSUM, 6)
raw.sendto(struct.pack("!HHHH", 0, port, 8 + 4, 0) + b"ping", (host, 0))
`;

const forged = [
  ["native", "127.0.0.1"],
  ["native", "::1"],
  ["node", "127.0.0.1"],
  ["node", "::1"],
] as const;

test.for(forged)(
  "over %s, a packet from port 0 of %s is not answered, also not from a timer",
  async ([name, host], context) => {
    if (process.getuid?.() !== 0) context.skip("only root can forge a packet");
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", name);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { server, next, errors } = await hearing(`udp://${host.includes(":") ? `[${host}]` : host}:0`);
    const port = new URL(urlOf(server)).port;
    const python = await startChild(requireTool(context, "python3"), ["-c", FORGE, host, port]);
    expect((await python.exit()).code).toBe(0);
    const { reply, peer } = await next();
    expect(peer).toEqual({ host, port: 0 });
    const answered = await new Promise<boolean>((resolve) => setTimeout(() => resolve(reply("pong")), 1));
    expect(answered).toBe(false);
    expect(errors).toEqual([]);
    expect(server.stats()).toMatchObject({ repliesSent: 0, repliesDropped: 1 });
  },
);

test("an unnamed Unix client gets no answer, and one whose name is not UTF-8 gets its answer", async (context) => {
  const python = requireTool(context, "python3");
  const name = `sockwright-${randomUUID()}`;
  const { server, next, errors } = await hearing(`unix-dgram:@${name}`);
  const program = `
import socket, sys
unnamed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
unnamed.sendto(b"unnamed", "\\0" + sys.argv[1])
odd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
odd.bind(b"\\0" + sys.argv[1].encode() + b"\\xff\\0\\xfe")
odd.settimeout(20)
odd.sendto(b"odd", "\\0" + sys.argv[1])
print("got", odd.recv(100).decode())
`;
  const child = await startChild(python, ["-c", program, name]);
  const unnamed = await next();
  expect(unnamed.peer).toEqual({ path: "" });
  expect(unnamed.reply("nowhere")).toBe(false);
  const odd = await next();
  expect(odd.reply("you")).toBe(true);
  await child.line(/^got you$/);
  expect(errors).toEqual([]);
  expect(server.stats()).toMatchObject({ repliesSent: 1, repliesDropped: 1 });
});

test.for(["native", "node"])("over %s, a link-local client has its zone and gets its answer", async (name, context) => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", name);
  onTestFinished(() => void vi.unstubAllEnvs());
  const own = Object.entries(networkInterfaces()).flatMap(([zone, addresses = []]) =>
    addresses.flatMap(({ address }) => (address.startsWith("fe80::") ? [`${address}%${zone}`] : [])),
  )[0];
  if (own === undefined) return context.skip("no interface of this machine has a link-local address");
  const { server, next } = await hearing("udp://[::]:0");
  const client = createSocket("udp6");
  onTestFinished(() => void client.close());
  const answered = new Promise<string>((resolve) => client.once("message", (data) => resolve(String(data))));
  client.send("ask", Number(new URL(urlOf(server)).port), own);
  const { peer, reply } = await next();
  expect(peer).toEqual({ host: own, port: client.address().port });
  expect(reply("answer")).toBe(true);
  expect(await answered).toBe("answer");
});

test("MAX_UNSENT_BYTES: over node, reply() returns false when too many bytes wait to be sent", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { server, next } = await hearing("udp://127.0.0.1:0");
  (await connected(server)).write("ask");
  const { reply } = await next();
  const bytes = Buffer.alloc(32 * 1024);
  const taken = Array.from({ length: 100 }, () => reply(bytes)).filter((isTaken) => isTaken).length;
  expect(taken).toBeGreaterThan(1);
  expect(taken).toBeLessThanOrEqual(MAX_UNSENT_BYTES / bytes.length);
  expect(server.stats()).toMatchObject({ repliesSent: taken, repliesDropped: 100 - taken });
});

test("OVERHEAD_BYTES: over node, an empty reply counts 512 bytes while it waits", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { server, next } = await hearing("udp://127.0.0.1:0");
  (await connected(server)).write("ask");
  const { reply } = await next();
  const taken = Array.from({ length: 2_049 }, () => reply(""));
  expect(taken.indexOf(false)).toBe(2_048);
});

test("MAX_EARLY_DATAGRAMS: datagrams that arrive while the socket opens are kept up to this number, then dropped", async () => {
  const heard: string[] = [];
  const reports = new ServerReports("early", undefined);
  const limit = new DatagramLimit(serveLimits({}).server, systemClock);
  const url = parseSocketUrl("udp://127.0.0.1:9");
  const run = new ServiceRun({ name: "early", datagram: ({ data }) => void heard.push(String(data)) });
  const server = new DatagramServer(url, run, limit, reports);
  await server.open({
    name: "memory",
    async bind(_, events) {
      const peer = { host: "127.0.0.1", port: 1 };
      for (let at = 0; at < MAX_EARLY_DATAGRAMS + 3; at++) events.onReceived(Buffer.from(`${at}`), peer);
      return { url, send: () => false, close: async () => undefined };
    },
  });
  expect(heard).toEqual([]);
  server.begin();
  expect(heard).toEqual(Array.from({ length: MAX_EARLY_DATAGRAMS }, (_, at) => `${at}`));
  const { datagramsReceived, datagramsDropped } = reports.counters.snapshot(0);
  expect(datagramsReceived).toBe(MAX_EARLY_DATAGRAMS + 3);
  expect(datagramsDropped["max-pending-replies"]).toBe(3);
  await server.close();
});
