// A server that reloads under load: it refuses no client and loses no byte, and existing connections continue.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { connected } from "../support/connected.ts";
import { type Server, startServer } from "./tutorial.ts";

const CLIENTS = 200;
const WAVE = 25;

class Greeter {
  readonly server: Server;
  readonly #file: string;

  private constructor(server: Server, file: string) {
    this.server = server;
    this.#file = file;
  }

  static async start(context: TestContext, greeting: string): Promise<Greeter> {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-reload-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "greeting.json");
    writeFileSync(file, JSON.stringify({ greeting }));
    return new Greeter(await startServer(context, "TypeScript", "reload-server", { GREETING_FILE: file }), file);
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.server.port}`;
  }

  write(text: string): void {
    writeFileSync(`${this.#file}.new`, text);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Sends SIGHUP, and waits for the server's message about it. */
  async reload(text: string): Promise<void> {
    this.write(text);
    this.server.child.kill("SIGHUP");
    await this.server.child.line(/^reloaded$/);
  }
}

test("200 clients in waves, with a reload in the middle of each", async (context) => {
  const greeter = await Greeter.start(context, "greeting 0");
  const greetings = new Map<string, number>();
  const visit = async (id: number): Promise<void> => {
    const client = await connected(greeter.url);
    const greeting = String(await client.readUntil("\n", { timeoutMs: 20_000 })).trim();
    greetings.set(greeting, (greetings.get(greeting) ?? 0) + 1);
    const said = Buffer.alloc(64 * 1024, `client ${id} `);
    client.write(said);
    const ended = client.end();
    const heard = await client.readExactly(said.length, { timeoutMs: 20_000 });
    expect(heard.equals(said)).toBe(true);
    expect(await client.read({ timeoutMs: 20_000 })).toBe(undefined);
    await ended;
    await client.close();
  };
  for (let wave = 0; wave < CLIENTS / WAVE; wave++) {
    const before = Array.from({ length: WAVE }, (_, index) => visit(wave * WAVE + index));
    await Promise.all([...before, greeter.reload(JSON.stringify({ greeting: `greeting ${wave + 1}` }))]);
  }
  const count = [...greetings.values()].reduce((sum, each) => sum + each, 0);
  expect(count).toBe(CLIENTS);
  expect(greeter.server.child.stderr).toMatch(/^listening on \S+\n$/);
  const last = await connected(greeter.url);
  expect(String(await last.readUntil("\n"))).toBe(`greeting ${CLIENTS / WAVE}\n`);
});

test("existing clients continue, and later clients get the new greeting on the same port", async (context) => {
  const greeter = await Greeter.start(context, "old");
  const before = await connected(greeter.url);
  expect(String(await before.readUntil("\n"))).toBe("old\n");
  await greeter.reload('{ "greeting": "new" }');
  const after = await connected(greeter.url);
  expect(String(await after.readUntil("\n"))).toBe("new\n");
  for (const client of [before, after]) {
    client.write("echo");
    expect(String(await client.readExactly(4))).toBe("echo");
  }
});

test.for([
  ["is no JSON", "{", /JSON/],
  ["has what cannot be", '{ "idleTimeoutMs": -1 }', /options\.idleTimeoutMs/],
] as const)("a file that %s changes nothing", async ([, text, said], context) => {
  const greeter = await Greeter.start(context, "as before");
  greeter.write(text);
  greeter.server.child.kill("SIGHUP");
  await greeter.server.stderr(said);
  expect(String(await (await connected(greeter.url)).readUntil("\n"))).toBe("as before\n");
  await greeter.reload('{ "greeting": "well again" }');
  expect(String(await (await connected(greeter.url)).readUntil("\n"))).toBe("well again\n");
});
