// A mail server whose framing changes within the stream, with curl, Python's smtplib, and byte by byte.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { SHUT_WR, type Socket, socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { turn } from "../support/until.ts";
import { lines, type Server, startServer } from "./tutorial.ts";

const WELCOME = "220 at your service\r\n";
const EHLO = "250-at your service\r\n250-PIPELINING\r\n250 SIZE 1048576\r\n";

async function connectToMail({ port }: Server): Promise<Socket> {
  const client = socket();
  onTestFinished(() => client.close());
  client.settimeout(10_000);
  await client.connect({ host: "127.0.0.1", port });
  return client;
}

async function rest(client: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of client) pieces.push(piece);
  return Buffer.concat(pieces).toString("latin1");
}

/** Sends all bytes, ends, and returns the answers. */
async function say(server: Server, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const client = await connectToMail(server);
  for (const piece of pieces) {
    await client.sendall(piece);
    await turn(2);
  }
  client.shutdown(SHUT_WR);
  return rest(client);
}

const begin = (context: TestContext): Promise<Server> => startServer(context, "TypeScript", "smtp-server");

/** The printed mails, once there are this many. */
async function mails(child: Child, count: number): Promise<readonly string[]> {
  const printed = (): readonly string[] => lines(child).filter((line) => line.startsWith("to "));
  await expect.poll(() => printed().length, { interval: 5, timeout: 10_000 }).toBe(count);
  return printed();
}

const shown = (text: string): string => text.replaceAll("\r", "\\x0d").replaceAll("\n", "\\x0a");

test("curl sends a mail with lines of dots", async (context) => {
  const curl = requireTool(context, "curl");
  const server = await begin(context);
  const folder = mkdtempSync(join(tmpdir(), "sockwright-smtp-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const mail = "Subject: dots\r\n\r\n.\r\n..\r\n.three\r\nend\r\n";
  writeFileSync(join(folder, "mail"), mail);
  const to = ["--mail-from", "me@here", "--mail-rcpt", "you@there", "--mail-rcpt", "her@there"];
  const child = await startChild(curl, ["-sS", `smtp://127.0.0.1:${server.port}`, ...to, "-T", join(folder, "mail")]);
  expect([await child.exit(), child.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  expect(await mails(server.child, 1)).toEqual([`to you@there her@there: ${shown(mail)}`]);
});

test("Python's smtplib sends several mails over one connection, among them an empty one and one of 200 kB", async (context) => {
  const server = await begin(context);
  const program = `
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
    for body in [b"one", b"", b"." * 3, b"x" * 200000]:
        assert s.sendmail("me@here", ["you@there"], body) == {}
    try: s.sendmail("me@here", ["you@there"], b"y" * 1100000)
    except smtplib.SMTPResponseException as e: print(e.smtp_code)
    print(s.noop()[0], s.verify("x")[0])
`;
  const child = await startChild(requireTool(context, "python3"), ["-c", program, String(server.port)]);
  expect([await child.exit(), child.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  // The client reports the mail as too large, because the server announces its limit; or the server refuses it.
  expect(child.stdout).toBe("552\n250 500\n");
  const [first, second, third, fourth, ...others] = await mails(server.child, 4);
  expect([first, third]).toEqual(["one\r\n", "...\r\n"].map((text) => `to you@there: ${shown(text)}`));
  expect(second).toMatch(/^to you@there: (?:\\x0d\\x0a)*$/);
  expect(fourth?.length).toBe("to you@there: ".length + 200_000 + shown("\r\n").length);
  expect(others).toEqual([]);
});

const MAIL = "hello\r\n..\r\n.. dot\r\nQUIT\r\n\r\n";
const DIALOGUE =
  "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" +
  `${MAIL}.\r\n` +
  `NOOP\r\n${"x".repeat(600)}\r\nNOOP\r\nDATA\r\n.\r\nbare\nLF\r\nQUIT\r\n`;
const ANSWERS = [
  `${WELCOME}${EHLO}250 from whom\r\n250 to whom\r\n354 go on, up to a dot\r\n250 taken\r\n`,
  "250 at your service\r\n500 what?\r\n250 at your service\r\n",
  "354 go on, up to a dot\r\n250 taken\r\n500 what?\r\n221 goodbye\r\n",
].join("");

test("all commands at once, and cut at every byte: no byte is lost, and a line that is too long is answered", async (context) => {
  const server = await begin(context);
  expect(await say(server, DIALOGUE)).toBe(ANSWERS);
  // All cuts within the long line are alike.
  const long = DIALOGUE.indexOf("xx");
  const cuts = Array.from({ length: DIALOGUE.length }, (_, cut) => cut).filter((cut) => cut < long || cut > long + 595);
  for (const cut of cuts) {
    expect(await say(server, DIALOGUE.slice(0, cut), DIALOGUE.slice(cut)), `cut at ${cut}`).toBe(ANSWERS);
  }
  const printed = await mails(server.child, 2 * (cuts.length + 1));
  expect(new Set(printed)).toEqual(
    new Set(["hello\r\n.\r\n. dot\r\nQUIT\r\n\r\n", "\r\n"].map((text) => `to c@d: ${shown(text)}`)),
  );
});

test("byte by byte", async (context) => {
  const server = await begin(context);
  expect(await say(server, ...DIALOGUE)).toBe(ANSWERS);
});

test("a message that is too large is discarded, and the session continues", async (context) => {
  const server = await begin(context);
  const to = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
  const large = `${"z".repeat(1_023)}\n`.repeat(1_100);
  const answers = await say(server, `${to}DATA\r\n${large}\r\n.\r\nRSET\r\nDATA\r\nQUIT\r\n`);
  expect(answers.split("\r\n").slice(3)).toEqual([
    "354 go on, up to a dot",
    "552 too large",
    "250 forgotten",
    "503 RCPT comes first",
    "221 goodbye",
    "",
  ]);
  expect(lines(server.child)).toEqual(["Waiting for connection..."]);
});

test("a client that stalls within a message is told so and disconnected; one that stalls before it has longer", async (context) => {
  const server = await startServer(context, "TypeScript", "smtp-server", { DATA_MS: "200" });
  const [idle, stalling] = [await connectToMail(server), await connectToMail(server)];
  await stalling.sendall("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhalf a mess");
  expect((await rest(stalling)).split("\r\n").slice(-3)).toEqual(["354 go on, up to a dot", "421 too slow", ""]);
  await idle.sendall("QUIT\r\n");
  expect(await rest(idle)).toBe(`${WELCOME}221 goodbye\r\n`);
  expect(lines(server.child)).toEqual(["Waiting for connection..."]);
});

test("a client that disconnects within a message has sent no mail, and the server logs this", async (context) => {
  const server = await begin(context);
  const message = say(server, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhalf a mess");
  await expect(message).rejects.toMatchObject({ code: "ECONNRESET" });
  await server.stderr(/^delimiter, byte 0: the input ended/m);
  expect(lines(server.child)).toEqual(["Waiting for connection..."]);
});
