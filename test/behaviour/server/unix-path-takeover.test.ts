// One of several servers takes over a path that a server left behind; none takes over a path that a socket has open.
import { lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, type Socket, socket } from "../../../src/index.ts";
import { type Server, type Service, serve } from "../../../src/server.ts";
import { startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";

const service: Service = {
  name: "echo",
  stream: async (connection) => {
    for await (const piece of connection) connection.write(piece);
  },
  datagram: ({ data, reply }) => void reply(data),
};

const TYPES = { unix: SOCK_STREAM, "unix-dgram": SOCK_DGRAM, "unix-seqpacket": SOCK_SEQPACKET } as const;
type Scheme = keyof typeof TYPES;
const schemes: readonly Scheme[] = ["unix", "unix-dgram", "unix-seqpacket"];

const kinds: readonly (readonly ["native" | "node", Scheme])[] = [
  ...schemes.map((scheme) => ["native", scheme] as const),
  ["node", "unix"],
];

function pathOfThisTest(name = "socket"): { path: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-takeover-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { path: join(folder, name), folder };
}

async function serveAt(url: string): Promise<Server> {
  const server = await serve(url, service);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return server;
}

/** A socket of the type, bound to the path, and listening if it can. */
function bound(path: string, scheme: Scheme, isListening = true): Socket<unknown> {
  const made = socket(AF_UNIX, TYPES[scheme]);
  onTestFinished(() => made.close());
  made.bind({ path });
  if (isListening && scheme !== "unix-dgram") made.listen();
  return made;
}

function leaveBehind(path: string, scheme: Scheme): void {
  bound(path, scheme).close();
}

/** As in unix-path.ts: the lock for the file at the path. */
function lockOf(path: string, folder: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return join(folder, `.sockwright-${dev}-${ino}`);
}

describe.each(kinds)("over %s, %s", (transport, scheme) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each(schemes)("a live %s keeps its path, and sees no connection from the attempt", async (rival) => {
    const { path, folder } = pathOfThisTest();
    const live = bound(path, rival);
    await expect(serve(`${scheme}:${path}`, service)).rejects.toMatchObject({ code: "EADDRINUSE" });
    live.settimeout(0);
    if (rival !== "unix-dgram") await expect(live.accept()).rejects.toMatchObject({ code: "EAGAIN" });
    expect(readdirSync(folder)).toEqual(["socket"]);
  });

  test.each(schemes)("a %s that is bound and does not listen yet keeps its path", async (rival) => {
    const { path } = pathOfThisTest();
    bound(path, rival, false);
    const { ino } = lstatSync(path);
    await expect(serve(`${scheme}:${path}`, service)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(lstatSync(path).ino).toBe(ino);
  });

  test.each(schemes)("a %s that was left behind is taken over, and no other file remains", async (rival) => {
    const { path, folder } = pathOfThisTest();
    leaveBehind(path, rival);
    const server = await serveAt(`${scheme}:${path}`);
    expect(readdirSync(folder)).toEqual(["socket"]);
    await connected(server);
    await server.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("of several servers of one process, one takes the path over", async () => {
    for (let round = 0; round < 5; round++) {
      const { path, folder } = pathOfThisTest();
      leaveBehind(path, scheme);
      const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => serve(`${scheme}:${path}`, service)));
      const servers = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
      const errors = attempts.flatMap((attempt) => (attempt.status === "rejected" ? [attempt.reason] : []));
      expect(errors).toEqual(Array(4).fill(expect.objectContaining({ code: "EADDRINUSE" })));
      await connected(`${scheme}:${path}`);
      expect(readdirSync(folder)).toEqual(["socket"]);
      for (const server of servers) await server.close({ graceMs: 0 });
    }
  });

  test("locks left behind by crashed takeovers are taken over too", async () => {
    const { path, folder } = pathOfThisTest();
    leaveBehind(path, scheme);
    const first = lockOf(path, folder);
    leaveBehind(first, "unix-dgram");
    leaveBehind(lockOf(first, folder), "unix");
    await connected(await serveAt(`${scheme}:${path}`));
    expect(readdirSync(folder)).toEqual(["socket"]);
  });

  test("a takeover in progress is left alone", async () => {
    const { path, folder } = pathOfThisTest();
    leaveBehind(path, scheme);
    const { ino } = lstatSync(path);
    bound(lockOf(path, folder), "unix-dgram");
    await expect(serve(`${scheme}:${path}`, service)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(lstatSync(path).ino).toBe(ino);
  });

  test("a path of maximum length is taken over", async () => {
    const { folder } = pathOfThisTest();
    const path = join(folder, "x".repeat(107 - folder.length - 1));
    leaveBehind(path, scheme);
    await connected(await serveAt(`${scheme}:${path}`));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("a symbolic link is left alone, whether its socket was left behind or is missing", async () => {
    const { path, folder } = pathOfThisTest();
    leaveBehind(path, scheme);
    for (const target of [path, join(folder, "missing")]) {
      const link = join(folder, `link-${readdirSync(folder).length}`);
      symlinkSync(target, link);
      await expect(serve(`${scheme}:${link}`, service)).rejects.toMatchObject({ code: "EADDRINUSE" });
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
    }
  });

  test("a path in a missing folder is ENOENT", async () => {
    const { folder } = pathOfThisTest();
    const address = join(folder, "missing", "socket");
    await expect(serve(`${scheme}:${address}`, service)).rejects.toMatchObject({ code: "ENOENT", address });
  });

  test.each(schemes)("a path that another %s has bound meanwhile is not removed at close()", async (rival) => {
    const { path, folder } = pathOfThisTest();
    const server = await serveAt(`${scheme}:${path}`);
    unlinkSync(path);
    bound(path, rival);
    const { ino } = lstatSync(path);
    await server.close();
    expect(lstatSync(path).ino).toBe(ino);
    expect(readdirSync(folder)).toEqual(["socket"]);
    await connected(`${rival}:${path}`).catch((error: unknown) => {
      // node:net has no client for it.
      if (transport !== "node" || rival === "unix") throw error;
    });
  });
});

test("of 20 processes that take a path over at once, one serves", async () => {
  const { path, folder } = pathOfThisTest();
  leaveBehind(path, "unix");
  const program = fileURLToPath(new URL("programs/take-over.mjs", import.meta.url));
  const start = () => startChild(process.execPath, [program, `unix:${path}`]);
  const children = await Promise.all(Array.from({ length: 20 }, start));
  await Promise.all(children.map((child) => child.line(/^ready$/)));
  for (const child of children) child.stdin.write("go\n");
  const results = await Promise.all(children.map((child) => child.line(/^(?:serves|E\w+)$/)));
  expect(results.map(([result]) => result).sort()).toEqual([...Array(19).fill("EADDRINUSE"), "serves"]);
  expect(readdirSync(folder)).toEqual(["socket"]);
}, 60_000);
