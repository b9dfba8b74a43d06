import { constants } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { closeAtTheEnd, openDatagrams, openStream } from "../../support/sockets.ts";

const { errno } = constants;

afterEach(() => {
  vi.restoreAllMocks();
});

function listenerOf(family: number, type: number) {
  const [server] = closeAtTheEnd(socket(family, type));
  server.bind(family === AF_UNIX ? { path: "" } : { host: "localhost", port: 0 });
  return server.listen();
}

describe.each([
  ["TCP over IPv4", AF_INET, SOCK_STREAM],
  ["TCP over IPv6", AF_INET6, SOCK_STREAM],
  ["a Unix stream", AF_UNIX, SOCK_STREAM],
  ["Unix seqpacket", AF_UNIX, SOCK_SEQPACKET],
])("a connected socket cannot connect again: %s", (_name, family, type) => {
  test("to another address or the same one, with connect or connect_ex", async () => {
    const [first, second] = [listenerOf(family, type), listenerOf(family, type)];
    const [client] = closeAtTheEnd(socket(family, type));
    await client.connect(first.getsockname());
    await expect(client.connect(second.getsockname())).rejects.toMatchObject({ code: "EISCONN", syscall: "connect" });
    await expect(client.connect(first.getsockname())).rejects.toMatchObject({ code: "EISCONN" });
    expect(await client.connect_ex(second.getsockname())).toBe(errno.EISCONN);
    expect(client.getpeername()).toEqual(first.getsockname());
  });

  test("after a connect_ex in the same turn", async () => {
    const [first, second] = [listenerOf(family, type), listenerOf(family, type)];
    const [client] = closeAtTheEnd(socket(family, type));
    const codes = [client.connect_ex(first.getsockname()), client.connect_ex(second.getsockname())];
    expect(await Promise.all(codes)).toEqual([0, errno.EISCONN]);
    expect(client.getpeername()).toEqual(first.getsockname());
  });
});

test("a socket that connected by name cannot connect again", async () => {
  const listener = listenerOf(AF_INET, SOCK_STREAM);
  const client = openStream();
  const { port = 0 } = listener.getsockname();
  await client.connect({ host: "localhost", port });
  await expect(client.connect({ host: "localhost", port })).rejects.toMatchObject({ code: "EISCONN" });
});

test.each([
  ["UDP", AF_INET],
  ["Unix datagrams", AF_UNIX],
])("%s can connect to another peer", async (_name, family) => {
  const [first, second, client] = [openDatagrams(family), openDatagrams(family), openDatagrams(family)];
  await client.connect(first.getsockname());
  await client.connect(second.getsockname());
  expect(client.getpeername()).toEqual(second.getsockname());
});

test.each([
  ["a reset", errno.ECONNRESET],
  ["an error that is no longer known", errno.ECONNABORTED],
])("%s right before connect reports success is the error of connect", async (_name, lost) => {
  const client = openStream();
  const { connect } = kernel;
  vi.spyOn(kernel, "connect")
    .mockImplementationOnce(connect)
    .mockImplementationOnce(() => -lost);
  const address = listenerOf(AF_INET, SOCK_STREAM).getsockname();
  expect(await client.connect_ex(address)).toBe(lost);
});

test("EINTR right before connect reports success is not an error", async () => {
  const client = openStream();
  const { connect } = kernel;
  vi.spyOn(kernel, "connect")
    .mockImplementationOnce(connect)
    .mockImplementationOnce(() => -errno.EINTR);
  const address = listenerOf(AF_INET, SOCK_STREAM).getsockname();
  expect(await client.connect_ex(address)).toBe(0);
  expect(await client.connect_ex(address)).toBe(errno.EISCONN);
});
