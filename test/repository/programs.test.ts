// The programs of README.md and of the guides are started and spoken to. The three of README.md hold the same conversation.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startChild } from "../support/child.ts";
import { codeBlocks } from "./code-blocks.ts";
import {
  conversation,
  expectGreetings,
  idle,
  portOfProgram,
  program,
  startProgram,
  workshopOfThisTest,
} from "./conversation.ts";
import { fileName, isProgram } from "./programs.ts";

describe("README.md", () => {
  const MAX_LINES = 12;
  const programs = codeBlocks("README.md").filter(isProgram);

  test.for(["hello.ts", "sockets.ts", "plain.ts"])("%s greets, and serves its clients side by side", async (name) => {
    const server = await startProgram(program(programs, name));
    const port = await portOfProgram(server);
    await idle(port);
    await expectGreetings(port);
    expect(server.stderr).toBe("");
  });

  test("these are all the programs, and ours have a dozen lines at most", () => {
    expect(programs.map(fileName)).toEqual(["hello.ts", "sockets.ts", "plain.ts"]);
    const lengths = programs.map(({ code }) => code.split("\n").length - 1);
    expect(lengths.slice(0, 2).filter((length) => length > MAX_LINES)).toEqual([]);
  });
});

describe("docs/guides/your-first-server.md", () => {
  const blocks = codeBlocks("docs/guides/your-first-server.md");

  test("greet.ts greets, one client after the other", async () => {
    const server = await startProgram(program(blocks, "greet.ts"));
    const port = await portOfProgram(server);
    for (let round = 0; round < 3; round++) {
      expect(await conversation(port)).toEqual(["Welcome!"]);
      await server.line(/^greeting 127\.0\.0\.1$/);
    }
    expect(server.stderr).toBe("");
    // Its connections are in TIME_WAIT, tcp(7): the same program takes the port again.
    server.kill("SIGKILL");
    await server.exit();
    const block = program(blocks, "greet.ts");
    const again = await startProgram({ ...block, code: block.code.replace("port: 0", `port: ${port}`) });
    expect(await portOfProgram(again)).toBe(port);
  });

  test("converse.ts answers one client, and the next when that one has gone", async () => {
    const server = await startProgram(program(blocks, "converse.ts"));
    const port = await portOfProgram(server);
    await expectGreetings(port);
    const first = connect(port, "127.0.0.1");
    onTestFinished(() => void first.destroy());
    await once(first, "data");
    const second = conversation(port, "Grace", "exit");
    first.write("Ada");
    expect(String((await once(first, "data"))[0])).toBe("Hello, Ada!\n");
    first.end();
    expect(await second).toEqual(["Welcome!", "Hello, Grace!"]);
    expect(server.stderr).toBe("");
  });

  test("many.ts serves its clients side by side", async () => {
    const server = await startProgram(program(blocks, "many.ts"));
    const port = await portOfProgram(server);
    await idle(port);
    await expectGreetings(port);
    expect(server.stderr).toBe("");
  });

  test("careful.ts does so too, tells who failed, and ends at Ctrl-C", async () => {
    const server = await startProgram(program(blocks, "careful.ts"));
    const port = await portOfProgram(server);
    await idle(port);
    const rude = connect(port, "127.0.0.1");
    await once(rude, "data");
    rude.resetAndDestroy();
    await expectGreetings(port);
    server.kill("SIGINT");
    expect(await server.exit()).toEqual({ code: 0, signal: null });
    expect(server.stderr).toMatch(/^127\.0\.0\.1:\d+: .*ECONNRESET\n$/);
  });

  test("careful.ts lets go of one client too many", async () => {
    const careful = program(blocks, "careful.ts");
    const code = careful.code.replace(/(?<=MAX_CLIENTS = )1_000/, "2");
    const server = await startProgram({ ...careful, code });
    const port = await portOfProgram(server);
    const two = [await greeted(port), await greeted(port)];
    const third = connect(port, "127.0.0.1");
    onTestFinished(() => void third.destroy());
    await once(third.resume(), "close");
    expect(third.bytesRead).toBe(0);
    expect(two.map((client) => client.destroyed)).toEqual([false, false]);
    expect(server.stderr).toBe("");
  });

  test("careful.ts lets go of a client that says nothing", async () => {
    const careful = program(blocks, "careful.ts");
    const code = careful.code.replace(/(?<=IDLE_TIMEOUT_MS = )60_000/, "100");
    const server = await startProgram({ ...careful, code });
    const port = await portOfProgram(server);
    await once(await greeted(port), "close");
    await once(await greeted(port), "close");
    expect(server.stderr).toBe("");
  });

  test("these are all the programs", () => {
    expect(blocks.filter(isProgram).map(fileName)).toEqual(["greet.ts", "converse.ts", "many.ts", "careful.ts"]);
  });
});

describe("docs/guides/socketserver.md", () => {
  const blocks = codeBlocks("docs/guides/socketserver.md");

  test("server.ts has its clients served by hashing.ts, in worker threads", async () => {
    const workshop = workshopOfThisTest();
    const handler = blocks.find((block) => fileName(block) === "hashing.ts") ?? expect.unreachable();
    const server = program(blocks, "server.ts");
    const code = server.code.replace("./hashing.js", "./0.js");
    expect(workshop.compile([handler, { ...server, code }])).toEqual([[], []]);
    const running = await startChild(process.execPath, [join(workshop.folder, "1.js")]);
    const port = await portOfProgram(running);
    await idle(port);
    for (const text of ["Ada\n", "Grace\n"]) {
      const client = connect(port, "127.0.0.1");
      onTestFinished(() => void client.destroy());
      client.write(text);
      expect(String((await once(client, "data"))[0])).toBe(`${createHash("sha256").update(text).digest("hex")}\n`);
    }
    expect(running.stderr).toBe("");
  });

  test("these are all the programs", () => {
    expect(blocks.filter(isProgram).map(fileName)).toEqual(["hashing.ts", "server.ts"]);
  });
});

/** A client that has been greeted, and says nothing. */
async function greeted(port: number): Promise<Socket> {
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  await once(client, "data");
  return client.resume();
}
