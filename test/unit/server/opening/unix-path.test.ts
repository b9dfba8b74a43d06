import { existsSync, unlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, socket } from "../../../../src/index.ts";
import { connect, type Service, serve } from "../../../../src/server.ts";
import { freePath } from "../../../support/folders.ts";
import { serving, urlOf } from "../../../support/serving.ts";

const service: Service = {
  name: "echo",
  stream: async (connection) => {
    for await (const piece of connection) connection.write(piece);
  },
  datagram: ({ data, reply }) => void reply(data),
};

const kinds = [
  ["native", "unix", SOCK_STREAM],
  ["native", "unix-seqpacket", SOCK_SEQPACKET],
  ["native", "unix-dgram", SOCK_DGRAM],
  ["node", "unix", SOCK_STREAM],
] as const;

describe.each(kinds)("on the %s transport, %s", (transport, scheme, type) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("the socket file exists while the server runs, and is removed at close", async () => {
    const path = freePath();
    const server = await serving(service, {}, `${scheme}:${path}`);
    expect(existsSync(path)).toBe(true);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test("a server reuses the path of a stale socket file", async () => {
    const path = freePath();
    const left = socket(AF_UNIX, type);
    left.bind({ path });
    if (type !== SOCK_DGRAM) left.listen();
    left.close();
    expect(existsSync(path)).toBe(true);
    const server = await serving(service, {}, `${scheme}:${path}`);
    const client = await connect(urlOf(server));
    client.abort();
  });

  test("a path with a live listener rejects with EADDRINUSE", async () => {
    const path = freePath();
    const server = await serving(service, {}, `${scheme}:${path}`);
    await expect(serve(`${scheme}:${path}`, service)).rejects.toMatchObject({ code: "EADDRINUSE" });
    const client = await connect(urlOf(server));
    client.abort();
  });

  test("a file that is not a socket is left in place", async () => {
    const path = freePath();
    writeFileSync(path, "precious");
    await expect(serve(`${scheme}:${path}`, service)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(existsSync(path)).toBe(true);
  });
});

test("close does not remove a file that has replaced the socket file", async () => {
  const path = freePath();
  const server = await serving(service, {}, `unix:${path}`);
  unlinkSync(path);
  writeFileSync(path, "of somebody else");
  await server.close();
  expect(existsSync(path)).toBe(true);
});
