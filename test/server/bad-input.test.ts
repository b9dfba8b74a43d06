// What cannot be served or reached: the promise rejects with what was wrong, and nothing stays open.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, type Server, type Service, SocketUrlError, serve } from "../../src/server.ts";

const service: Service = { name: "nothing", stream: async () => undefined, datagram: () => undefined };

async function serving(url: string): Promise<Server> {
  const server = await serve(url, service);
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

function freeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-bad-input-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each([
    ["localhost:8000", "has no scheme: write tcp://localhost:8000"],
    ["tpc://127.0.0.1:8000", "did you mean tcp:?"],
    ["tcp://127.0.0.1:65536", "a port is a number from 0 to 65535"],
    [`unix:/${"x".repeat(107)}`, "at most 107 bytes, and this one 108"],
  ])("%s is no URL of a socket, for serve and connect", async (url, reason) => {
    for (const attempt of [serve(url, service), serve(["tcp://127.0.0.1:0", url], service), connect(url)]) {
      const error: unknown = await attempt.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SocketUrlError);
      expect(String(error)).toContain(reason);
    }
  });

  test.each(["tcp", "udp"])("a taken port: %s; what was open before it is closed", async (scheme) => {
    const [taken = ""] = (await serving(`${scheme}://127.0.0.1:0`)).urls;
    const stop = vi.fn();
    const both = serve([`${scheme}://127.0.0.1:0`, taken], { ...service, stop });
    await expect(both).rejects.toMatchObject({ code: "EADDRINUSE", address: "127.0.0.1" });
    expect(stop).toHaveBeenCalledOnce();
  });

  // RFC 5737: an address for documentation, which no machine has.
  test.each(["tcp", "udp"])("a host that is not this machine: %s", async (scheme) => {
    await expect(serve(`${scheme}://192.0.2.1:0`, service)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("a path whose folder is missing", async () => {
    const path = join(freeFolder(), "none", "socket");
    // libuv, uv_pipe_bind: what is not there is told as if it was forbidden, as on Windows.
    const code = transport === "node" ? "EACCES" : "ENOENT";
    await expect(serve(`unix:${path}`, service)).rejects.toMatchObject({ code, address: path });
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: "ENOENT", address: path });
  });

  test("nobody listens", async () => {
    await expect(connect("tcp://127.0.0.1:1")).rejects.toMatchObject({
      code: "ECONNREFUSED",
      address: "127.0.0.1",
      port: 1,
    });
  });

  test("a name that nobody has", async () => {
    await expect(connect("tcp://nonesuch.invalid:80")).rejects.toMatchObject({ syscall: "getaddrinfo" });
    await expect(serve("tcp://nonesuch.invalid:80", service)).rejects.toMatchObject({ syscall: "getaddrinfo" });
  });
});
