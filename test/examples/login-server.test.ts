// A login between accept and service: its timeout is shorter than the session's, and a stalled login keeps its place only briefly.
import { expect, test } from "vitest";
import { lines } from "../../src/codec.ts";
import type { Connection } from "../../src/server.ts";
import { connected } from "../support/connected.ts";
import { turn } from "../support/until.ts";
import { type Server, startServer } from "./tutorial.ts";

const ASK = "name and password, a line each";

async function arrive({ port }: Server): Promise<{ connection: Connection; line: () => Promise<string | undefined> }> {
  const connection = await connected(`tcp://127.0.0.1:${port}`);
  const frames = connection.frames(lines());
  expect(await frames.read()).toBe(ASK);
  return { connection, line: () => frames.read() };
}

test("a client with the password is served, also if it sends all bytes at once, cut at every byte", async (context) => {
  const server = await startServer(context, "TypeScript", "login-server");
  const all = "ada\nlovelace\nfirst\nsecond\n";
  for (let cut = 0; cut <= all.length; cut++) {
    const { connection, line } = await arrive(server);
    connection.write(all.slice(0, cut));
    await turn(2);
    connection.write(all.slice(cut));
    expect([await line(), await line(), await line()]).toEqual(["welcome, ada", "ada: first", "ada: second"]);
    await connection.close();
  }
  expect(server.child.stderr).not.toContain("Error");
});

test.for([
  ["a wrong password", "ada\nbyron\n"],
  ["an unknown name", "eve\nlovelace\n"],
  ["nothing", "\n\n"],
] as const)("who says %s hears no, and is served nothing", async ([, said], context) => {
  const server = await startServer(context, "TypeScript", "login-server");
  const { connection, line } = await arrive(server);
  connection.write(`${said}are you there?\n`);
  expect([await line(), await line()]).toEqual(["no", undefined]);
});

test("stalled clients are disconnected; sessions that exist, or begin meanwhile, continue", async (context) => {
  const server = await startServer(context, "TypeScript", "login-server", { LOGIN_MS: "300" });
  const session = await arrive(server);
  session.connection.write("ada\nlovelace\n");
  expect(await session.line()).toBe("welcome, ada");
  const strangers = await Promise.all(Array.from({ length: 20 }, () => arrive(server)));
  for (const [index, { connection }] of strangers.entries()) if (index % 2 === 0) connection.write("ada\n");
  const second = await arrive(server);
  second.connection.write("ada\nlovelace\n");
  expect(await second.line()).toBe("welcome, ada");
  for (const { line } of strangers) await expect(line()).rejects.toMatchObject({ code: "ECONNRESET" });
  for (const { connection, line } of [session, second]) {
    connection.write("still here\n");
    expect(await line()).toBe("ada: still here");
  }
});

test("one address may have sixteen sessions", async (context) => {
  const server = await startServer(context, "TypeScript", "login-server");
  const sessions: Connection[] = [];
  for (let count = 0; count < 16; count++) {
    const { connection, line } = await arrive(server);
    sessions.push(connection);
    connection.write("ada\nlovelace\n");
    expect(await line()).toBe("welcome, ada");
  }
  const beyond = await arrive(server);
  beyond.connection.write("ada\nlovelace\n");
  // The welcome may arrive before the reset.
  await expect(beyond.line().then(beyond.line)).rejects.toMatchObject({ code: "ECONNRESET" });
  await sessions.pop()?.close();
  const next = await arrive(server);
  next.connection.write("ada\nlovelace\nhello\n");
  expect([await next.line(), await next.line()]).toEqual(["welcome, ada", "ada: hello"]);
});
