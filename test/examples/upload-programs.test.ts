// File upload: the server and the client of the examples, with the Python original as either side, invalid names and sizes,
// interrupted uploads, and misbehaving clients.

import { randomBytes } from "node:crypto";
import { lutimesSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { SHUT_WR, SO_LINGER, SOL_SOCKET, type Socket, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/folders.ts";
import { sha256 } from "../support/sha256.ts";
import { commandOf, type Language, lines, pairs } from "./tutorial.ts";

/** More than the kernel buffers between two sockets of this machine hold. */
const MUCH_BYTES = 20_000_000;

interface Server {
  readonly child: Child;
  /** The working folder. The server writes to its folder `uploads`, and nowhere else. */
  readonly folder: string;
  readonly address: string;
}

function start(context: TestContext, language: Language, name: string, folder: string, args: string[], env = {}) {
  const [program, ...words] = commandOf(context, language, name);
  return startChild(program, [...words, ...args], { cwd: folder, env: { ...process.env, ...env } });
}

async function startServer(
  context: TestContext,
  {
    language = "TypeScript",
    folder = temporaryFolder(),
    env = {},
  }: { language?: Language; folder?: string; env?: object } = {},
): Promise<Server> {
  const child = await start(context, language, "upload-server", folder, ["127.0.0.1:0"], env);
  return listening(child, folder);
}

async function listening(child: Child, folder: string): Promise<Server> {
  const pattern = /^listening on tcp:\/\/(127\.0\.0\.1:\d+)$/m;
  await expect.poll(() => child.stderr, { interval: 5 }).toMatch(pattern);
  return { child, folder, address: pattern.exec(child.stderr)?.[1] ?? expect.unreachable() };
}

/** The server's messages about its clients. */
function told({ child }: Server): string {
  return child.stderr.replace(/^listening on .*\n/, "").replaceAll(/127\.0\.0\.1:\d+/g, "A:P");
}

async function upload(context: TestContext, server: Server, name: string, data: Buffer, language?: Language) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), data);
  const client = await start(context, language ?? "TypeScript", "upload-client", folder, [name, server.address]);
  const { code } = await client.exit();
  return { code, lines: lines(client), stderr: client.stderr };
}

/** A client whose bytes the test chooses. */
async function connectToUploads({ address }: Server, ...said: (string | Buffer)[]): Promise<Socket> {
  const client = socket();
  onTestFinished(() => client.close());
  const [host = "", port] = address.split(":");
  await client.connect({ host, port: Number(port) });
  for (const data of said) await client.sendall(data);
  return client;
}

async function rest(from: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of from) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function line(from: Socket): Promise<string> {
  let text = "";
  while (!text.endsWith("\n")) {
    const byte = await from.recv(1);
    if (byte.length === 0) break;
    text += byte.toString("latin1");
  }
  return text;
}

/** Sends this many bytes of a file with `post`, and disconnects. */
async function cut(server: Server, name: string, data: Buffer, bytes: number): Promise<void> {
  const client = await connectToUploads(server, `post|${name}|${data.length}\n`, data.subarray(0, bytes));
  client.shutdown(SHUT_WR);
  expect(await rest(client)).toBe(`error|only ${bytes} of ${data.length} bytes came\n`);
}

/** The header of an upload that continues after the stored bytes. */
function resume(name: string, data: Buffer | string): string {
  return `resume|${name}|${Buffer.byteLength(data)}|${sha256(data)}\n`;
}

/** The content of the folder: names and digests. */
function stored({ folder }: Server): Record<string, string> {
  const uploads = join(folder, "uploads");
  return Object.fromEntries(readdirSync(uploads).map((name) => [name, sha256(readFileSync(join(uploads, name)))]));
}

async function expectWorks(context: TestContext, server: Server): Promise<void> {
  expect(await upload(context, server, "works.bin", Buffer.from("works"))).toMatchObject({ code: 0, stderr: "" });
}

describe.each(pairs)("server in %s, client in %s", (serverLanguage, clientLanguage) => {
  test.for(serverLanguage === clientLanguage ? [0, 1, 300_000] : [300_000])(
    "a file of %i bytes, and another one over it",
    async (bytes, context) => {
      const server = await startServer(context, { language: serverLanguage });
      const last = randomBytes(bytes);
      for (const data of [randomBytes(bytes), last]) {
        const { code, lines, stderr } = await upload(context, server, "a b.bin", data, clientLanguage);
        expect([code, stderr]).toEqual([0, ""]);
        expect(lines.at(-1)).toBe(`Stored a b.bin, SHA-256 ${sha256(data)}`);
        await server.child.line(/^Stored/);
      }
      expect(stored(server)).toEqual({ "a b.bin": sha256(last) });
      expect(lines(server.child).at(0)).toBe("Waiting for files, kept in uploads...");
      expect(lines(server.child).at(-1)).toBe(`Stored a b.bin, ${bytes} bytes, SHA-256 ${sha256(last)}`);
      expect(told(server)).toBe("");
    },
  );
});

describe.each(["TypeScript", "Python"] as const)("a server in %s", (language) => {
  test("keeps the stored part of an interrupted upload, and the next one sends the rest", async (context) => {
    const server = await startServer(context, { language });
    const data = randomBytes(1_000_000);
    await cut(server, "film", data, 600_000);
    expect(stored(server)).toEqual({ ".film.1000000.part": sha256(data.subarray(0, 600_000)) });
    const { code, lines } = await upload(context, server, "film", data);
    expect(code).toBe(0);
    const percents = lines.slice(0, -1).map((text) => Number(/^(\d+) %$/.exec(text)?.[1]));
    expect(percents.every((percent) => percent > 60)).toBe(true);
    expect([...percents].sort((a, b) => a - b)).toEqual(percents);
    expect(percents.at(-1)).toBe(100);
    expect(lines.at(-1)).toBe(`Stored film, SHA-256 ${sha256(data)}`);
    expect(stored(server)).toEqual({ film: sha256(data) });
  });
});

describe.each(["TypeScript", "Python"] as const)("a server in %s that has a part of another file", (language) => {
  test("does not publish it, and the client sends its file from the start", async (context) => {
    const server = await startServer(context, { language });
    const [data, before] = [randomBytes(50_000), randomBytes(50_000)];
    expect(await upload(context, server, "film", before)).toMatchObject({ code: 0, stderr: "" });
    await cut(server, "film", randomBytes(50_000), 40_000);
    const client = await connectToUploads(server, resume("film", data));
    expect(await line(client)).toBe("have|40000\n");
    await client.sendall(data.subarray(40_000));
    expect(await rest(client)).toBe("differs|what came is not the file of that SHA-256\n");
    // The part is removed, and the earlier file is unchanged.
    expect(stored(server)).toEqual({ film: sha256(before) });

    await cut(server, "film", randomBytes(50_000), 40_000);
    expect(await upload(context, server, "film", data)).toMatchObject({
      code: 0,
      stderr: "what came is not the file of that SHA-256: once more, from the start\n",
    });
    expect(stored(server)).toEqual({ film: sha256(data) });
  });
});

describe("a stored part", () => {
  const HOUR_SECONDS = 3_600;
  const age = (path: string, hours: number): void => {
    const then = Date.now() / 1_000 - hours * HOUR_SECONDS;
    lutimesSync(path, then, then);
  };

  test("that is a day old is removed when the next upload begins, and nothing else is", async (context) => {
    const server = await startServer(context);
    const uploads = join(server.folder, "uploads");
    writeFileSync(join(server.folder, "outside"), "mine");
    symlinkSync("../outside", join(uploads, ".link.5.part"));
    const names = [".old.5.part", ".old.a.5.part", ".young.5.part", "old.5.part", ".old", ".5.part", ".old.x.part"];
    for (const name of names) writeFileSync(join(uploads, name), "part");
    for (const name of [...names, ".link.5.part"]) age(join(uploads, name), name.includes("young") ? 23 : 25);
    await expectWorks(context, server);
    expect(Object.keys(stored(server)).sort()).toEqual(
      [...names.filter((name) => !/^\.old\.(?:a\.)?5/.test(name)), "works.bin"].sort(),
    );
    expect(readFileSync(join(server.folder, "outside"), "utf8")).toBe("mine");
  });

  test("that is a day old is not resumed either", async (context) => {
    const server = await startServer(context);
    await cut(server, "film", Buffer.from("hello"), 3);
    age(join(server.folder, "uploads", ".film.5.part"), 25);
    const client = await connectToUploads(server, resume("film", "hello"));
    expect(await line(client)).toBe("have|0\n");
  });

  test("is kept while its client is connected", async (context) => {
    const server = await startServer(context);
    await cut(server, "film", Buffer.from("hello"), 3);
    const client = await connectToUploads(server, resume("film", "hello"));
    expect(await line(client)).toBe("have|3\n");
    age(join(server.folder, "uploads", ".film.5.part"), 25);
    await expectWorks(context, server);
    await client.sendall("lo");
    expect(await line(client)).toBe(`done|${sha256("hello")}\n`);
    expect(readFileSync(join(server.folder, "uploads", "film"), "utf8")).toBe("hello");
  });
});

describe("resuming", () => {
  test("may be discarded by the client: post begins again", async (context) => {
    const server = await startServer(context);
    const data = randomBytes(50_000);
    await cut(server, "film", randomBytes(50_000), 40_000);
    expect(await upload(context, server, "film", data, "Python")).toMatchObject({ code: 0, stderr: "" });
    expect(stored(server)).toEqual({ film: sha256(data) });
  });

  test("is not used for a file of another size", async (context) => {
    const server = await startServer(context);
    await cut(server, "film", randomBytes(50_000), 40_000);
    const client = await connectToUploads(server, resume("film", randomBytes(50_001)));
    expect(await line(client)).toBe("have|0\n");
  });

  test("is complete if only the answer was lost", async (context) => {
    const server = await startServer(context);
    const data = randomBytes(5_000);
    mkdirSync(join(server.folder, "uploads"), { recursive: true });
    writeFileSync(join(server.folder, "uploads", ".film.5000.part"), data);
    expect(await upload(context, server, "film", data)).toMatchObject({ code: 0, stderr: "" });
    expect(stored(server)).toEqual({ film: sha256(data) });
  });

  test("is resumed after the server was stopped", async (context) => {
    const server = await startServer(context);
    const data = randomBytes(50_000);
    const client = await connectToUploads(server, "post|film|50000\n", data.subarray(0, 30_000));
    await expect.poll(() => stored(server)).toEqual({ ".film.50000.part": sha256(data.subarray(0, 30_000)) });
    server.child.kill("SIGINT");
    expect(await server.child.exit()).toEqual({ code: 0, signal: null });
    await client.recv(1).catch(() => undefined);
    const again = await startServer(context, { folder: server.folder });
    expect(await upload(context, again, "film", data)).toMatchObject({ code: 0, stderr: "" });
    expect(stored(again)).toEqual({ film: sha256(data) });
  });

  test("a file has one client at a time", async (context) => {
    const server = await startServer(context);
    const first = await connectToUploads(server, resume("film", "first"));
    expect(await line(first)).toBe("have|0\n");
    const second = await connectToUploads(server, "post|film|6\nsecond");
    second.shutdown(SHUT_WR);
    expect(await rest(second)).toBe("error|another client is sending this file\n");
    await first.sendall("first");
    expect(await line(first)).toBe(`done|${sha256("first")}\n`);
    expect(stored(server)).toEqual({ film: sha256("first") });
  });
});

test("the header may arrive byte by byte, and its end together with the file", async (context) => {
  const server = await startServer(context);
  const client = await connectToUploads(server);
  for (const byte of "post|日.txt|6\nhé".split("")) await client.sendall(byte);
  await client.sendall("llo");
  expect(await line(client)).toBe(`done|${sha256("héllo")}\n`);
  expect(stored(server)).toEqual({ "日.txt": sha256("héllo") });
});

const NO_PLAIN_NAME = "error|not post|NAME|SIZE or resume|NAME|SIZE|SHA256, NAME without a folder and a dot in front\n";

// One server for all of them: it still serves after each.
const refused = [
  ["post|../x|5\n", NO_PLAIN_NAME],
  ["post|..|5\n", NO_PLAIN_NAME],
  ["post|.|5\n", NO_PLAIN_NAME],
  ["post||5\n", NO_PLAIN_NAME],
  ["post|/tmp/x|5\n", NO_PLAIN_NAME],
  ["post|a/b|5\n", NO_PLAIN_NAME],
  ["post|.x.5.part|5\n", NO_PLAIN_NAME],
  ["post|a\0b|5\n", NO_PLAIN_NAME],
  ["post|a\x1b[2J|5\n", NO_PLAIN_NAME],
  ["post|a|b|5\n", NO_PLAIN_NAME],
  ["post|a|-5\n", NO_PLAIN_NAME],
  ["post|a|5.0\n", NO_PLAIN_NAME],
  ["post|a|0x5\n", NO_PLAIN_NAME],
  ["post|a|\n", NO_PLAIN_NAME],
  ["post|a\n", NO_PLAIN_NAME],
  ["get|a|5\n", NO_PLAIN_NAME],
  ["resume|a|5\n", NO_PLAIN_NAME],
  [`resume|a|5|${"0".repeat(63)}\n`, NO_PLAIN_NAME],
  [`resume|a|5|${"A".repeat(64)}\n`, NO_PLAIN_NAME],
  [`resume|../a|5|${"0".repeat(64)}\n`, NO_PLAIN_NAME],
  [`post|a|5|${"0".repeat(64)}\n`, NO_PLAIN_NAME],
  ["\n", NO_PLAIN_NAME],
  ["post|a|99999999999999999999\n", NO_PLAIN_NAME],
  ["post|a|1073741825\n", "error|the file is too large\n"],
  [`post|${"x".repeat(201)}|5\n`, "error|the name is too long\n"],
  [`post|${"日".repeat(67)}|5\n`, "error|the name is too long\n"],
  ["x".repeat(513), "error|the line is too long\n"],
  [Buffer.from("post|\xff|5\n", "latin1"), expect.stringMatching(/^error\|The encoded data was not valid/)],
] as const;

test("nothing is written for an invalid header", async (context) => {
  const server = await startServer(context);
  for (const [index, [header, answer]] of refused.entries()) {
    const client = await connectToUploads(server, header, "hello");
    client.shutdown(SHUT_WR);
    expect(await rest(client), JSON.stringify(header)).toEqual(answer);
    expect(readdirSync(server.folder)).toEqual(["uploads"]);
    expect(stored(server)).toEqual({});
    await expect.poll(() => told(server)).toMatch(new RegExp(`^(?:A:P: [^\\n]+\\n){${index + 1}}$`));
  }
  await expectWorks(context, server);
});

test("a name of the greatest length is stored", async (context) => {
  const server = await startServer(context);
  const name = "x".repeat(200);
  expect(await upload(context, server, name, Buffer.from("long"))).toMatchObject({ code: 0, stderr: "" });
  expect(stored(server)).toEqual({ [name]: sha256("long") });
});

describe("nothing is written outside of the folder", () => {
  test("if the name is a link, the upload replaces the link", async (context) => {
    const server = await startServer(context);
    writeFileSync(join(server.folder, "outside"), "mine");
    symlinkSync("../outside", join(server.folder, "uploads", "link"));
    expect(await upload(context, server, "link", Buffer.from("theirs"))).toMatchObject({ code: 0 });
    expect(stored(server)).toEqual({ link: sha256("theirs") });
    expect(readFileSync(join(server.folder, "outside"), "utf8")).toBe("mine");
  });

  test("if the part is a link, the upload is refused", async (context) => {
    const server = await startServer(context);
    writeFileSync(join(server.folder, "outside"), "mine");
    symlinkSync("../outside", join(server.folder, "uploads", ".link.6.part"));
    const { code, stderr } = await upload(context, server, "link", Buffer.from("theirs"));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ELOOP[^\n]*\n$/)]);
    expect(readFileSync(join(server.folder, "outside"), "utf8")).toBe("mine");
  });
});

test("a name that is a folder is refused", async (context) => {
  const server = await startServer(context);
  mkdirSync(join(server.folder, "uploads", "folder"));
  const { code, stderr } = await upload(context, server, "folder", Buffer.from("x"));
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^EISDIR[^\n]*\n$/)]);
  rmSync(join(server.folder, "uploads", "folder"), { recursive: true });
  await expectWorks(context, server);
});

test("bytes beyond the length in the header do not belong to the file", async (context) => {
  const server = await startServer(context);
  const client = await connectToUploads(server, "post|a|5\nhello and more");
  expect(await line(client)).toBe(`done|${sha256("hello")}\n`);
  expect(stored(server)).toEqual({ a: sha256("hello") });
});

// setrlimit(2), RLIMIT_FSIZE: EFBIG in place of ENOSPC, which would need a disk of its own.
test("a full disk: the client receives the reason, and the space is freed", async (context) => {
  const folder = temporaryFolder();
  const shell = 'ulimit -f 64; exec "$@"';
  const args = ["-c", shell, "sh", ...commandOf(context, "TypeScript", "upload-server"), "127.0.0.1:0"];
  const server = await listening(await startChild("sh", args, { cwd: folder }), folder);
  const { code, stderr } = await upload(context, server, "large", Buffer.alloc(MUCH_BYTES));
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^EFBIG[^\n]*\n$/)]);
  expect(stored(server)).toEqual({});
  await expectWorks(context, server);
});

describe("misbehaving clients lose only their own connections", () => {
  test("a client that resets in the middle: its part is kept", async (context) => {
    const server = await startServer(context);
    const client = await connectToUploads(server, "post|film|5\nhel");
    await expect.poll(() => stored(server)).toEqual({ ".film.5.part": sha256("hel") });
    client.setsockopt(SOL_SOCKET, SO_LINGER, Buffer.from(Int32Array.of(1, 0).buffer));
    client.close();
    await expect.poll(() => told(server)).toMatch(/ECONNRESET|EPIPE/);
    expect(await upload(context, server, "film", Buffer.from("hello"))).toMatchObject({ code: 0, stderr: "" });
    expect(stored(server)).toEqual({ film: sha256("hello") });
  });

  test("a client that floods after a refusal still receives the reason", async (context) => {
    const server = await startServer(context);
    const client = await connectToUploads(server, "post|../x|20000000\n");
    const flood = client.sendall(Buffer.alloc(MUCH_BYTES)).catch(() => undefined);
    expect(await line(client)).toBe(NO_PLAIN_NAME);
    await flood;
    await expectWorks(context, server);
  });

  test("clients that send nothing, stop in the header, stop in the file, or never read", async (context) => {
    const server = await startServer(context, { env: { IDLE_TIMEOUT_MS: "1000" } });
    const silent = await connectToUploads(server);
    const slow = await connectToUploads(server, "post|slow");
    const stuck = await connectToUploads(server, "post|stuck|5\nhel");
    const deaf = await connectToUploads(server, resume("deaf", "hello"));
    for (const client of [silent, slow, stuck, deaf]) {
      expect(await rest(client)).toMatch(
        /^(?:have\|0\n)?error\|recv: The call did not finish within [^\n]* time-out\n$/,
      );
    }
    await expectWorks(context, server);
  });
});

describe("the client, when a server", () => {
  test.for([
    ["has something else", "have|0\n", `done|${"0".repeat(64)}\n`, "what the server has is different; send it again\n"],
    ["refuses", "error|no\x1b[2J\n", "", "no\\x1b[2J\n"],
    ["gives up", "have|0\n", "error|the disk is full\n", "the disk is full\n"],
    ["hangs up at once", "", "", "the server hung up; the rest can be sent again\n"],
    ["hangs up in the middle", "have|0\n", "", "the server hung up; the rest can be sent again\n"],
    ["counts wrongly", "have|6\n", "", "the server has 6 of 5 bytes\n"],
    ["counts below nothing", "have|-1\n", "", "the server has -1 of 5 bytes\n"],
    ["does not count", "have|\x1b\n", "", "the server has \\x1b of 5 bytes\n"],
  ] as const)("%s: one line, exit code 1", async ([, first, last, message], context) => {
    await using listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "hello"), "hello");
    const address = `127.0.0.1:${listener.getsockname().port}`;
    const client = await start(context, "TypeScript", "upload-client", folder, ["hello", address]);
    const [peer] = await listener.accept();
    expect(await line(peer)).toBe(resume("hello", "hello"));
    await peer.sendall(first);
    if (first === "have|0\n") await peer.recv(5);
    await peer.sendall(last);
    peer.close();
    expect(await client.exit()).toEqual({ code: 1, signal: null });
    expect(client.stderr).toBe(message);
  });
});

test("the client tries once more if a server has another file, and not for ever", async (context) => {
  await using listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  listener.listen();
  const folder = temporaryFolder();
  writeFileSync(join(folder, "hello"), "hello");
  const address = `127.0.0.1:${listener.getsockname().port}`;
  const client = await start(context, "TypeScript", "upload-client", folder, ["hello", address]);
  for (const count of [3, 0]) {
    const [peer] = await listener.accept();
    expect(await line(peer)).toBe(resume("hello", "hello"));
    await peer.sendall(`have|${count}\n`);
    expect(await rest(peer)).toBe("hello".slice(count));
    await peer.sendall("differs|no\x1b\n");
    peer.close();
  }
  expect(await client.exit()).toEqual({ code: 1, signal: null });
  expect(client.stderr).toBe("no\\x1b: once more, from the start\nno\\x1b\n");
});

test.for([
  [[], /^Usage: /],
  [["missing"], /^Usage: /],
  [["."], /^Usage: /],
  [["hello", "127.0.0.1:1", "more"], /^Usage: /],
  [["hello", "127.0.0.1"], /^"127\.0\.0\.1" is not HOST:PORT\. Usage: /],
  [["hello", "127.0.0.1:65536"], /at most 65535\. Usage: /],
] as const)("wrong usage of the client is one line and exit code 2: %j", async ([args, stderr], context) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "hello"), "hello");
  const client = await start(context, "TypeScript", "upload-client", folder, [...args]);
  expect(await client.exit()).toEqual({ code: 2, signal: null });
  expect([client.stdout, client.stderr]).toEqual(["", expect.stringMatching(stderr)]);
  expect(client.stderr).toMatch(/ FILE \[HOST:PORT\]\n$/);
  expect(client.stderr.split("\n")).toHaveLength(2);
});

test.for([
  [["127.0.0.1"], 2, /^"127\.0\.0\.1" is not HOST:PORT\. Usage: [^\n]*\n$/],
  [["TAKEN"], 1, /^bind EADDRINUSE: [^\n]* give another address\n$/],
] as const)("a server that cannot start says why in one line: %j", async ([[word], code, stderr], context) => {
  const server = await startServer(context);
  const argument = word === "TAKEN" ? server.address : word;
  const second = await start(context, "TypeScript", "upload-server", temporaryFolder(), [argument]);
  expect(await second.exit()).toEqual({ code, signal: null });
  expect([second.stdout, second.stderr]).toEqual(["", expect.stringMatching(stderr)]);
});
