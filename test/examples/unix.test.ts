// The programs on Unix sockets: all three types, with the Python original as either side; and the path of the server.

import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, socket } from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { freePath } from "../support/folders.ts";
import { fillUnread } from "../support/full.ts";
import { type Language, lines, pairs, startProgram } from "./tutorial.ts";

const KINDS = ["stream", "datagram", "seqpacket"] as const;
type Kind = (typeof KINDS)[number];
const TYPES = { stream: SOCK_STREAM, datagram: SOCK_DGRAM, seqpacket: SOCK_SEQPACKET };
const ANSWERS = ["Received Hello, Rose!", "Received Hello, Think!", "Received Hello, Babala!"];

async function startServer(
  context: TestContext,
  kind: Kind,
  path: string,
  language: Language = "TypeScript",
  env?: NodeJS.ProcessEnv,
): Promise<Child> {
  const server = await startProgram(context, language, "unix-server", [kind, path], env);
  await server.line(/^Waiting on /);
  return server;
}

async function answers(
  context: TestContext,
  kind: Kind,
  path: string,
  language: Language = "TypeScript",
): Promise<readonly string[]> {
  const client = await startProgram(context, language, "unix-client", [kind, path]);
  expect([await client.exit(), client.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  return lines(client);
}

async function expectError(child: Child, code: number, stderr: RegExp): Promise<void> {
  expect(await child.exit()).toEqual({ code, signal: null });
  expect([child.stdout, child.stderr]).toEqual(["", expect.stringMatching(stderr)]);
}

describe.each(pairs)("server in %s, client in %s", (server, client) => {
  test.for(KINDS)("%s", async (kind, context) => {
    const path = freePath();
    const child = await startServer(context, kind, path, server);
    expect(await answers(context, kind, path, client)).toEqual(ANSWERS);
    const received = ["Received Rose", "Received Think", "Received Babala"];
    if (kind !== "datagram") await child.line(/^Connection closed$/);
    expect(lines(child)).toEqual([
      `Waiting on ${path} for ${kind} clients...`,
      ...(kind === "datagram" ? received : ["Connection opened", ...received, "Connection closed"]),
    ]);
  });
});

describe.each(KINDS)("the path of a %s server", (kind) => {
  test("is in the folder for temporary files by default", async (context) => {
    const folder = dirname(freePath());
    const server = await startProgram(context, "TypeScript", "unix-server", [kind], { TMPDIR: folder });
    await server.line(new RegExp(`^Waiting on ${folder}/sockwright-${kind}\\.sock for ${kind} clients\\.\\.\\.$`));
    const client = await startProgram(context, "TypeScript", "unix-client", [kind], { TMPDIR: folder });
    expect([await client.exit(), lines(client)]).toEqual([{ code: 0, signal: null }, ANSWERS]);
  });

  test.for(["SIGINT", "SIGTERM"] as const)("is free after %s", async (signal, context) => {
    const path = freePath();
    const server = await startServer(context, kind, path);
    server.kill(signal);
    expect(await server.exit()).toEqual({ code: 0, signal: null });
    expect([existsSync(path), server.stderr]).toEqual([false, ""]);
  });

  test("is taken over from a server that was killed", async (context) => {
    const path = freePath();
    const killed = await startServer(context, kind, path);
    killed.kill("SIGKILL");
    await killed.exit();
    expect(existsSync(path)).toBe(true);
    await startServer(context, kind, path);
    expect(await answers(context, kind, path)).toEqual(ANSWERS);
  });

  test.for(KINDS)("is not taken over from a %s server that runs", async (other, context) => {
    const path = freePath();
    await startServer(context, other, path);
    const second = await startProgram(context, "TypeScript", "unix-server", [kind, path]);
    await expectError(second, 1, /^bind EADDRINUSE[^\n]*: the path is taken; give another path\n$/);
    expect(await answers(context, other, path)).toEqual(ANSWERS);
  });

  test("is not taken over if it is not a socket", async (context) => {
    const path = freePath();
    writeFileSync(path, "mine");
    const server = await startProgram(context, "TypeScript", "unix-server", [kind, path]);
    await expectError(server, 1, /^bind EADDRINUSE[^\n]*: the path is taken; give another path\n$/);
    expect(lstatSync(path).isFile()).toBe(true);
  });
});

describe("wrong usage", () => {
  test.for([[], ["tcp"], ["stream", ""], ["stream", "a", "b"]])("%j: one line, exit code 2", async (args, context) => {
    for (const name of ["unix-server", "unix-client"]) {
      const child = await startProgram(context, "TypeScript", name, args);
      await expectError(child, 2, /^Usage: node \S+\.js stream\|datagram\|seqpacket \[PATH\]\n$/);
    }
  });

  test.for(KINDS)("a %s client without a server: one line, exit code 1", async (kind, context) => {
    const client = await startProgram(context, "TypeScript", "unix-client", [kind, freePath()]);
    await expectError(client, 1, /^connect ENOENT [^\n]*: no such path; start the server first\n$/);
  });

  test.for(KINDS)("a %s server whose path has no folder: one line, exit code 1", async (kind, context) => {
    const server = await startProgram(context, "TypeScript", "unix-server", [kind, join(freePath(), "door")]);
    await expectError(server, 1, /^bind ENOENT[^\n]*: no such folder; give another path\n$/);
  });

  test("a client of another type: one line, exit code 1", async (context) => {
    const path = freePath();
    await startServer(context, "stream", path);
    const client = await startProgram(context, "TypeScript", "unix-client", ["seqpacket", path]);
    await expectError(client, 1, /^connect EPROTOTYPE[^\n]*: the server there is of another kind\n$/);
  });

  test.for(KINDS)("a %s client whose server was killed: one line, exit code 1", async (kind, context) => {
    const path = freePath();
    const killed = await startServer(context, kind, path);
    killed.kill("SIGKILL");
    await killed.exit();
    const client = await startProgram(context, "TypeScript", "unix-client", [kind, path]);
    await expectError(client, 1, /^connect ECONNREFUSED [^\n]*: nobody listens there; start the server first\n$/);
  });
});

describe("clients that misbehave", () => {
  test.for(["stream", "seqpacket"] as const)("%s: silent or not reading, each is given up", async (kind, context) => {
    const path = freePath();
    const server = await startServer(context, kind, path, "TypeScript", { IDLE_TIMEOUT_MS: "1000" });
    await using silent = socket(AF_UNIX, TYPES[kind]);
    await using deaf = socket(AF_UNIX, TYPES[kind]);
    await silent.connect({ path });
    await deaf.connect({ path });
    const flood = (async () => {
      for (;;) await deaf.send(Buffer.alloc(512, "x"));
    })();
    expect(await silent.recv(1024)).toHaveLength(0);
    await expect(flood).rejects.toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
    await expect.poll(() => server.stderr).toMatch(/^(?:(?:recv|recvfrom|send): [^\n]* time-out\n){2}$/);
    expect(await answers(context, kind, path)).toEqual(ANSWERS);
  });

  // unix(7): a close with unread data is a reset, and a write to a closed peer fails with EPIPE.
  test.for(["stream", "seqpacket"] as const)("%s: those that reset lose only themselves", async (kind, context) => {
    const path = freePath();
    const server = await startServer(context, kind, path);
    for (let round = 0; round < 20; round++) {
      await using rude = socket(AF_UNIX, TYPES[kind]);
      await rude.connect({ path });
      for (let count = 0; count < round; count++) await rude.send("hello");
    }
    expect(await answers(context, kind, path)).toEqual(ANSWERS);
    await expect.poll(() => server.stderr).toMatch(/^(?:(?:recv|recvfrom|send) (?:ECONNRESET|EPIPE)[^\n]*\n)+$/);
  });

  test.for(["stream", "seqpacket"] as const)("%s: one that floods and never reads waits", async (kind, context) => {
    const path = freePath();
    const server = await startServer(context, kind, path);
    await using flooding = socket(AF_UNIX, TYPES[kind]);
    await flooding.connect({ path });
    // The server accepts only what the kernel buffers hold.
    await fillUnread(flooding, server.pid, Buffer.alloc(512, "x"));
    expect(await answers(context, kind, path)).toEqual(ANSWERS);
  });

  test("datagram: senders that close before the answer, and one that floods", async (context) => {
    const path = freePath();
    const server = await startServer(context, "datagram", path);
    for (let round = 0; round < 20; round++) {
      await using gone = socket(AF_UNIX, SOCK_DGRAM);
      gone.bind({ path: "" });
      await gone.connect({ path });
      for (let count = 0; count < 100; count++) await gone.send("hello");
    }
    expect(await answers(context, "datagram", path)).toEqual(ANSWERS);
    expect(server.stderr).not.toMatch(/^ +at |undefined|\[object/m);
  });

  test("datagram: a client that does not read, or has no address, delays no other client", async (context) => {
    const path = freePath();
    await startServer(context, "datagram", path);
    await using deaf = socket(AF_UNIX, SOCK_DGRAM);
    await using nameless = socket(AF_UNIX, SOCK_DGRAM);
    deaf.bind({ path: "" });
    await deaf.connect({ path });
    await nameless.connect({ path });
    for (let n = 0; n < 200; n++) await deaf.send("x");
    await nameless.send("nobody");
    expect(await answers(context, "datagram", path)).toEqual(ANSWERS);
  });

  test("bytes that are not UTF-8 come back unchanged", async (context) => {
    const path = freePath();
    await startServer(context, "seqpacket", path);
    await using client = socket(AF_UNIX, SOCK_SEQPACKET);
    await client.connect({ path });
    await client.send(Buffer.of(0xff, 0x00, 0xe4));
    expect(await client.recv(1024)).toEqual(
      Buffer.concat([Buffer.from("Hello, "), Buffer.of(0xff, 0x00, 0xe4), Buffer.from("!")]),
    );
  });
});

describe("the client", () => {
  test.for(["stream", "seqpacket"] as const)(
    "%s: reports that the server has closed the connection",
    async (kind, context) => {
      const path = freePath();
      await using listener = socket(AF_UNIX, TYPES[kind]);
      listener.bind({ path });
      const served = listener.listen().serve(async (peer) => void (await peer.recv(1024)));
      const client = await startProgram(context, "TypeScript", "unix-client", [kind, path]);
      await expectError(client, 1, /^the server has closed the connection\n$/);
      listener.close();
      await served;
    },
  );

  test.for(KINDS)("%s: gives up if the server sends nothing", async (kind, context) => {
    const path = freePath();
    await using silent = socket(AF_UNIX, TYPES[kind]);
    silent.bind({ path });
    if (kind !== "datagram") silent.listen();
    const client = await startProgram(context, "TypeScript", "unix-client", [kind, path], { ANSWER_TIMEOUT_MS: "200" });
    await expectError(client, 1, /^recv(?:from)?: The call did not finish within[^\n]*\n$/);
  });

  test("a path that is too long: one line", async (context) => {
    for (const name of ["unix-server", "unix-client"]) {
      const child = await startProgram(context, "TypeScript", name, ["stream", `/tmp/${"x".repeat(120)}`]);
      await expectError(child, 1, /^[^\n]*107[^\n]*\n$/);
    }
  });
});
