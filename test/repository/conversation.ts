// Programs of the pages: started on a port that the kernel chooses, and spoken to.
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { expect, onTestFinished } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import type { CodeBlock } from "./code-blocks.ts";
import { Workshop } from "./examples.ts";
import { fileName } from "./programs.ts";

/** The program of that name, but on a port that the kernel chooses. */
export function program(blocks: readonly CodeBlock[], name: string): CodeBlock {
  const block = blocks.find((candidate) => fileName(candidate) === name);
  if (block === undefined) throw new Error(`there is no program ${name}`);
  expect(block.code.match(/\b8000\b/g)).toHaveLength(1);
  return { ...block, code: block.code.replace(/\b8000\b/, "0") };
}

export function workshopOfThisTest(): Workshop {
  const workshop = new Workshop();
  onTestFinished(() => workshop.remove());
  return workshop;
}

/** Compiles a program in TypeScript, and runs it. */
export async function startProgram(block: CodeBlock): Promise<Child> {
  const workshop = workshopOfThisTest();
  expect(workshop.compile([block])).toEqual([[]]);
  return await startChild(process.execPath, [join(workshop.folder, "0.js")]);
}

export async function portOfProgram(server: Child): Promise<number> {
  return Number((await server.line(/^listening on (?:port |tcp:.*:)(\d+)$/))[1]);
}

/** Connects, says each line, and gives what was answered until the server closed the connection. */
export async function conversation(port: number, ...said: string[]): Promise<string[]> {
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  const heard: string[] = [];
  for await (const line of createInterface({ input: client })) {
    heard.push(line);
    const next = said.shift();
    if (next === undefined) client.end();
    else client.write(`${next}\n`);
  }
  return heard;
}

/** A client that connects and says nothing. */
export async function idle(port: number): Promise<void> {
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  await once(client, "connect");
}

/** Greets, answers each line, and closes after "exit" and after the client's end. */
export async function expectGreetings(port: number): Promise<void> {
  expect(await conversation(port, "Ada", "Grace", "exit")).toEqual(["Welcome!", "Hello, Ada!", "Hello, Grace!"]);
  expect(await conversation(port, "Ada")).toEqual(["Welcome!", "Hello, Ada!"]);
}
