// Layer 1: the error for an unknown option names it; the error for a wrong value says what it should be.

import { closeSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type {
  AddressInfoOptions,
  CreateConnectionOptions,
  CreateServerOptions,
  MakefileOptions,
  ReceiveMessageOptions,
  ReceiveOptions,
  SendMessageOptions,
  SendOptions,
  ServeOptions,
  WaitOptions,
} from "../../../src/index.ts";
import {
  AF_INET,
  adopt,
  create_connection,
  create_server,
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbyname_ex,
  getnameinfo,
  type Listener,
  NI_NUMERICHOST,
  recv_fds,
  SOCK_DGRAM,
  type Socket,
  send_fds,
  socket,
  socketpair,
} from "../../../src/index.ts";
import { type CollectOptions, ForkingTCPServer } from "../../../src/socketserver.ts";
import { expectDefaults, expectNoOtherName, expectNoOtherValue, row } from "../../support/option-table.ts";
import { closing } from "../../support/sockets.ts";

/** Bits of MSG_*: the kernel decides which are valid. */
const flags = [-1];
const wait = { signal: [] };

/** Returns one end of a pair that has bytes to read. */
function reader(): Socket {
  const [left, right] = socketpair();
  closing(left);
  left.trySend("hello");
  return closing(right);
}

function datagramSocket(): Socket<unknown> {
  const bound = closing(socket(AF_INET, SOCK_DGRAM));
  bound.bind({ host: "127.0.0.1", port: 0 });
  return bound;
}

/** Returns a listener with a connection in its backlog. */
async function listener(): Promise<Listener> {
  const made = closing(socket());
  made.bind({ host: "127.0.0.1", port: 0 });
  made.listen();
  await closing(socket()).connect(made.getsockname());
  return made as unknown as Listener;
}

const here = { host: "127.0.0.1", port: 9 };

describe.each([
  row<ReceiveOptions>("recv()", "promise", { ...wait, flags }, (options) => reader().recv(16, options)),
  row<ReceiveOptions>("recv_into()", "promise", { ...wait, flags }, (options) =>
    reader().recv_into(Buffer.alloc(16), options),
  ),
  row<ReceiveOptions>("recvfrom()", "promise", { ...wait, flags }, (options) => reader().recvfrom(16, options)),
  row<ReceiveOptions>("recvfrom_into()", "promise", { ...wait, flags }, (options) =>
    reader().recvfrom_into(Buffer.alloc(16), options),
  ),
  row<ReceiveMessageOptions>("recvmsg()", "promise", { ...wait, flags, control: [] }, (options) =>
    reader().recvmsg(16, options),
  ),
  row<ReceiveMessageOptions>("recvmsg_into()", "promise", { ...wait, flags, control: [] }, (options) =>
    reader().recvmsg_into([Buffer.alloc(16)], options),
  ),
  row<SendOptions>("send()", "promise", { ...wait, flags }, (options) => reader().send("hello", options)),
  row<SendOptions>("sendall()", "promise", { ...wait, flags }, (options) => reader().sendall("hello", options)),
  row<SendOptions>("sendto()", "promise", { ...wait, flags }, (options) =>
    datagramSocket().sendto("hello", here, options),
  ),
  row<SendMessageOptions>("sendmsg()", "promise", { ...wait, flags, control: [[]], address: [] }, (options) =>
    reader().sendmsg(["hello"], options),
  ),
  row<WaitOptions>("sendfile()", "promise", wait, (options) => {
    const file = openSync("package.json", "r");
    return reader()
      .sendfile(file, 0, 1, options)
      .finally(() => closeSync(file));
  }),
  row<WaitOptions>("accept()", "promise", wait, async (options) => {
    const [peer] = await (await listener()).accept(options);
    peer.close();
  }),
  row<WaitOptions>("connect()", "promise", wait, async (options) => {
    await closing(socket()).connect((await listener()).getsockname(), options);
  }),
  row<WaitOptions>("connect_ex()", "promise", wait, async (options) => {
    await closing(socket()).connect_ex((await listener()).getsockname(), options);
  }),
  row<WaitOptions>("readable()", "promise", wait, (options) => reader().readable(options)),
  row<WaitOptions>("writable()", "promise", wait, (options) => reader().writable(options)),
  row<ServeOptions>("serve()", "promise", { ...wait, onError: [] }, async (options) => {
    const server = await listener();
    await server.serve(() => void server.close(), options);
  }),
  row<AddressInfoOptions>(
    "getaddrinfo()",
    "promise",
    { ...wait, flags, family: [-1], type: [-1], proto: [-1] },
    (options) => getaddrinfo("127.0.0.1", 80, options),
  ),
  row<MakefileOptions>(
    "makefile()",
    "value",
    { buffering: [-1], encoding: [], errors: [], newline: [null], maxLineBytes: [], maxReadBytes: [] },
    (options) => void reader().makefile("r", options).close(),
  ),
  row<WaitOptions>("getnameinfo()", "promise", wait, (options) =>
    getnameinfo({ host: "127.0.0.1", port: 80 }, NI_NUMERICHOST, options),
  ),
  row<WaitOptions>("gethostbyname()", "promise", wait, (options) => gethostbyname("127.0.0.1", options)),
  row<WaitOptions>("gethostbyname_ex()", "promise", wait, (options) => gethostbyname_ex("127.0.0.1", options)),
  row<WaitOptions>("gethostbyaddr()", "promise", wait, (options) => gethostbyaddr("127.0.0.1", options)),
  row<WaitOptions>("getfqdn()", "promise", wait, (options) => getfqdn("127.0.0.1", options)),
  row<{ blocking: boolean }>("detach()", "value", { blocking: [true] }, (options) => {
    closing(adopt(reader().detach(options)));
  }),
  row<CreateServerOptions>(
    "create_server()",
    "value",
    { family: [], backlog: [0], reuse_port: [true], dualstack_ipv6: [] },
    (options) => closing(create_server({ host: "127.0.0.1", port: 0 }, options)),
  ),
  row<CreateConnectionOptions>(
    "create_connection()",
    "promise",
    { ...wait, timeoutMs: [null], source_address: [], all_errors: [true] },
    async (options) => closing(await create_connection((await listener()).getsockname(), options)),
  ),
  row<WaitOptions>("send_fds()", "promise", wait, (options) => send_fds(reader(), ["x"], [], 0, undefined, options)),
  row<WaitOptions>("recv_fds()", "promise", wait, (options) => recv_fds(reader(), 16, 1, 0, options)),
  row<CollectOptions>("collect_children()", "promise", { blocking: [true] }, (options) => {
    const handler = { module: new URL(import.meta.url), name: "None" };
    return new ForkingTCPServer({ host: "127.0.0.1", port: 0 }, handler).collect_children(options);
  }),
])("$call", (each) => {
  test("refuses every other option", () => expectNoOtherName(each));
  test("refuses every other value of an option", () => expectNoOtherValue(each));
  test("uses the default for an undefined option", () => expectDefaults(each));
});

test.each<[what: string, family: unknown, told: string]>([
  ["a protocol", "tcp", "such as AF_INET: socket(AF_INET, SOCK_STREAM) for TCP, socket(AF_INET, SOCK_DGRAM) for UDP"],
  ["the name of a constant", "AF_INET", 'the constant AF_INET of "sockwright", without quotes'],
])("socket() refuses %s as a family", (_, family, told) => {
  expect(() => socket(family as number)).toThrow(told);
  expect(() => socketpair(family as number)).toThrow(told);
  expect(() => socket(AF_INET, "stream" as never)).toThrow("of type number, such as SOCK_STREAM or SOCK_DGRAM");
});

test.for([
  [{ timeout: 250 }, "AbortSignal.timeout(250), or before the call settimeout(250)"],
  [{ timeoutMs: 250 }, "AbortSignal.timeout(250), or before the call settimeout(250)"],
  [{ timeout: "5s" }, "AbortSignal.timeout(5000), or before the call settimeout(5000)"],
] as const)("%j is told the signal to write, in every call that waits", async ([options, form]) => {
  const calls: readonly ((wrong: object) => Promise<unknown>)[] = [
    (wrong) => reader().recv(16, wrong),
    (wrong) => reader().recv_into(Buffer.alloc(16), wrong),
    (wrong) => reader().recvmsg(16, wrong),
    (wrong) => reader().send("x", wrong),
    (wrong) => reader().sendall("x", wrong),
    (wrong) => reader().readable(wrong),
    (wrong) => closing(socket()).connect(here, wrong),
    async (wrong) => (await listener()).accept(wrong),
    (wrong) => datagramSocket().sendto("x", here, wrong),
  ];
  for (const call of calls) await expect(call(options)).rejects.toThrow(`Write signal: ${form}`);
});

test("the error for a number as the signal shows AbortSignal.timeout() with that number", async () => {
  const wrong: object = { signal: 250 };
  await expect(reader().recv(16, wrong)).rejects.toThrow(
    'The "options.signal" argument must be an instance of AbortSignal, such as AbortSignal.timeout(250). Received type number (250)',
  );
});
