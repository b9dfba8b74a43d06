// SO_PEERCRED, unix(7): the credentials of the peer of a Unix socket.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Connection, connect, type PeerCredentials, type ServeOptions, serve } from "../../../../src/server.ts";
import { memoryTransport } from "../../../../src/testing.ts";
import { startChild } from "../../../support/child.ts";
import { requireTool } from "../../../support/tools.ts";

const own = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
/** Another user if this process runs as root; otherwise the same user, in another process. */
const somebody = own.uid === 0 ? { uid: 65_534, gid: 65_534 } : { uid: own.uid ?? 0, gid: own.gid ?? 0 };
let names = 0;

function free(form: string): string {
  if (!form.endsWith("PATH")) return form.replace("NAME", `sockwright-${process.pid}-${names++}`);
  const folder = mkdtempSync(join(tmpdir(), "sockwright-credentials-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return form.replace("PATH", join(folder, "socket"));
}

/** The peer credentials that a server and its client see; those of a closed client are undefined. */
async function seen(form: string, options: ServeOptions = {}): Promise<(PeerCredentials | undefined)[]> {
  const atServer: (PeerCredentials | undefined)[] = [];
  await using server = await serve(
    free(form),
    async (connection) => {
      atServer.push(connection.peerCredentials);
      connection.write("seen");
    },
    options,
  );
  const client = await connect(server.urls[0] ?? "");
  await client.read();
  const atClient = client.peerCredentials;
  await client.close();
  expect(client.peerCredentials).toBeUndefined();
  return [...atServer, atClient];
}

describe("native", () => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", "native");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.for(["unix:PATH", "unix:@NAME", "unix-seqpacket:@NAME"])("%s: both ends see each other", async (form) => {
    expect(await seen(form)).toEqual([own, own]);
  });

  test("timeouts do not hide the credentials", async () => {
    expect(await seen("unix:@NAME", { idleTimeoutMs: 60_000 })).toEqual([own, own]);
  });

  test("the credentials of another process, and of another user where possible, are seen; the service can abort such a peer", async (context) => {
    const python = requireTool(context, "python3");
    const atServer: unknown[] = [];
    const name = `sockwright-${process.pid}-other`;
    await using _ = await serve(`unix:@${name}`, async (connection: Connection) => {
      const credentials = connection.peerCredentials;
      atServer.push(credentials);
      if (credentials?.uid !== own.uid) throw new Error("somebody else");
      connection.write("come in");
    });
    const program = `import socket; s = socket.socket(socket.AF_UNIX); s.connect("\\0${name}")
try: print("answer", s.recv(100).decode())
except ConnectionError: print("answer reset")`;
    const child = await startChild(python, ["-c", program], { ...somebody, cwd: "/" });
    const [, answer] = await child.line(/^answer (.*)$/);
    await child.exit();
    expect(atServer).toEqual([{ pid: child.pid, ...somebody }]);
    expect(answer).toBe(somebody.uid === own.uid ? "come in" : "");
  });

  test("a socket without credentials: undefined", async () => {
    expect(await seen("tcp://127.0.0.1:0")).toEqual([undefined, undefined]);
    await using server = await serve(free("unix-dgram:@NAME"), { name: "none", datagram: () => undefined });
    for (const url of ["udp://127.0.0.1:9", server.urls[0] ?? ""]) {
      const client = await connect(url);
      expect(client.peerCredentials).toBeUndefined();
      client.abort();
    }
  });
});

describe("node", () => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("a Unix socket: an error that names what it needs; the connection stays open", async () => {
    const told: unknown[] = [];
    await using server = await serve(free("unix:PATH"), async (connection) => {
      try {
        told.push(connection.peerCredentials);
      } catch (error) {
        told.push(error);
      }
      connection.write("told");
    });
    const client = await connect(server.urls[0] ?? "");
    expect(() => client.peerCredentials).toThrow("node:net does not say");
    expect(String(await client.read())).toBe("told");
    expect(told).toMatchObject([{ code: "ERR_SOCKWRIGHT_NO_CREDENTIALS" }]);
    await client.close();
  });

  test("any other socket: undefined", async () => {
    expect(await seen("tcp://127.0.0.1:0")).toEqual([undefined, undefined]);
  });
});

test("memory: the credentials of this process", async () => {
  using _ = memoryTransport();
  expect((await seen("unix:@NAME"))[0]).toEqual(own);
  expect((await seen("tcp://127.0.0.1:0"))[0]).toBeUndefined();
});
