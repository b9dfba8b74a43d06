// Debian's netcats and socat as the peer, in both roles: typed bytes arrive, and both ends of input are seen.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { freeFolder, start, startListener } from "./sockwright.ts";

type Program = "nc" | "ncat" | "socat";

interface Tool {
  readonly program: Program;
  readonly kind: "tcp" | "tcp6" | "unix" | "abstract";
  client(place: string): readonly string[];
  server(place: string): readonly string[];
}

const HOSTS = { tcp: "127.0.0.1", tcp6: "::1" } as const;

function netcat(program: "nc" | "ncat", kind: Tool["kind"], client: string, server: string): Tool {
  const words = (place: string): readonly string[] =>
    kind === "tcp" || kind === "tcp6" ? [HOSTS[kind], place] : [kind === "abstract" ? `@${place}` : place];
  return {
    program,
    kind,
    client: (place) => [client, ...words(place)],
    server: (place) => [server, ...words(place)],
  };
}

function socat(kind: Tool["kind"], name: string): Tool {
  const host = kind === "tcp6" ? "[::1]:" : kind === "tcp" ? "127.0.0.1:" : "";
  const bind = kind === "tcp6" ? ",bind=[::1]" : kind === "tcp" ? ",bind=127.0.0.1" : "";
  return {
    program: "socat",
    kind,
    // -t: how long the other direction may last after one has ended; the default of half a second truncates answers.
    client: (place) => ["-t", "60", "-", `${name}-CONNECT:${host}${place}`],
    server: (place) => ["-d", "-d", "-t", "60", "-", `${name}-LISTEN:${place}${bind}`],
  };
}

const tools: readonly Tool[] = [
  netcat("nc", "tcp", "-N", "-lvN"),
  netcat("nc", "tcp6", "-N", "-lvN"),
  netcat("nc", "unix", "-NU", "-lvNU"),
  netcat("nc", "abstract", "-NU", "-lvNU"),
  netcat("ncat", "tcp", "-v", "-lv"),
  netcat("ncat", "tcp6", "-v", "-lv"),
  netcat("ncat", "unix", "-U", "-lvU"),
  socat("tcp", "TCP4"),
  socat("tcp6", "TCP6"),
  socat("unix", "UNIX"),
  socat("abstract", "ABSTRACT"),
];

/** A URL that nobody listens on, and the arguments of a netcat for the same address. */
function freePlace(kind: Tool["kind"]): { url: (place: string) => string; place: string } {
  if (kind === "tcp" || kind === "tcp6") {
    const host = kind === "tcp" ? "127.0.0.1" : "[::1]";
    return { url: (place) => `tcp://${host}:${place}`, place: "0" };
  }
  const path = join(freeFolder(), "socket");
  if (kind === "unix") return { url: (place) => `unix:${place}`, place: path };
  return { url: (place) => `unix:@${place}`, place: path.replaceAll("/", "-") };
}

/** proc(5), /proc/net/tcp: not all of these programs print the number chosen for port 0. */
function listeningPort(pid: number): string {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  for (const row of ["tcp", "tcp6"].flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n"))) {
    const [, local = "", , , , , , , , inode] = row.trim().split(/\s+/);
    if (inodes.includes(`socket:[${inode}]`)) return String(Number.parseInt(local.split(":")[1] ?? "", 16));
  }
  throw new Error(`process ${pid} listens nowhere`);
}

/** Each side sends a line, our side ends, the rest of the peer's output arrives, then the peer ends. */
async function talk(ours: Child, theirs: Child): Promise<void> {
  ours.stdin.write("from ours, 世界\n");
  await theirs.line(/from ours, 世界$/);
  theirs.stdin.write("from theirs, Grüße\n");
  await ours.line(/from theirs, Grüße$/);
}

const done = { code: 0, signal: null };

describe.for(tools)("$program, $kind", (tool) => {
  test("as the server, with connect as the client", async (context) => {
    const { url, place } = freePlace(tool.kind);
    const command = ["-c", 'exec "$@" 2>&1', "sh", requireTool(context, tool.program), ...tool.server(place)];
    const theirs = await startChild("sh", command);
    await theirs.line(/listening/i);
    const ours = await start("connect", url(place === "0" ? listeningPort(theirs.pid) : place));
    await talk(ours, theirs);
    ours.stdin.end("last words\n");
    await theirs.line(/^last words$/);
    theirs.stdin.end();
    expect(await ours.exit()).toEqual(done);
    expect(await theirs.exit()).toEqual(done);
    expect(ours.stderr).toBe("");
  });

  test("as the client, with listen as the server", async (context) => {
    const { url, place } = freePlace(tool.kind);
    const { child: ours, url: real } = await startListener(url(place));
    const port = place === "0" ? (real.split(":").at(-1) ?? "") : place;
    const theirs = await startChild(requireTool(context, tool.program), tool.client(port));
    await talk(ours, theirs);
    theirs.stdin.end("last words\n");
    await ours.line(/^last words$/);
    // The answer that arrives after the end of the question.
    ours.stdin.end("answer\n");
    await theirs.line(/^answer$/);
    expect(await theirs.exit()).toEqual(done);
    expect(await ours.exit()).toEqual(done);
  });
});

describe("UDP", () => {
  test.for<[Program, ...string[]]>([["nc", "-u"], ["ncat", "-u"], ["socat"]])(
    "%s as the client of listen",
    async ([program, ...options], context) => {
      const { child: ours, url } = await startListener("udp://127.0.0.1:0");
      const port = url.split(":").at(-1) ?? "";
      const place = program === "socat" ? ["-", `UDP4-CONNECT:127.0.0.1:${port}`] : [...options, "127.0.0.1", port];
      const theirs = await startChild(requireTool(context, program), place);
      theirs.stdin.write("from theirs\n");
      await ours.line(/^from theirs$/);
      ours.stdin.write("from ours\n");
      await theirs.line(/^from ours$/);
      expect([ours.stdout, theirs.stdout]).toEqual([expect.stringMatching(/from theirs\n$/), "from ours\n"]);
    },
  );

  test("socat echoes for connect --wait", async (context) => {
    const socat = requireTool(context, "socat");
    const command = ["-c", 'exec "$@" 2>&1', "sh", socat, "-d", "-d", "UDP4-LISTEN:0,bind=127.0.0.1", "PIPE"];
    const theirs = await startChild("sh", command);
    const [, port = ""] = await theirs.line(/listening on UDP AF=2 127\.0\.0\.1:(\d+)/);
    const ours = await start("connect", `udp://127.0.0.1:${port === "0" ? udpPort(theirs.pid) : port}`, "--wait", "1s");
    ours.stdin.end("echo\n");
    await ours.line(/^echo$/);
    expect(await ours.exit()).toEqual(done);
  });
});

function udpPort(pid: number): string {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  for (const row of readFileSync(`/proc/${pid}/net/udp`, "utf8").split("\n")) {
    const [, local = "", , , , , , , , inode] = row.trim().split(/\s+/);
    if (inodes.includes(`socket:[${inode}]`)) return String(Number.parseInt(local.split(":")[1] ?? "", 16));
  }
  throw new Error(`process ${pid} has no UDP socket`);
}
