// The process of a chat is killed under load: what any member has seen is in the history, once, and in the same order.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../../src/server.ts";
import { type Child, startChild } from "../../support/child.ts";
import { LineClient } from "./line-client.ts";

const PROGRAM = fileURLToPath(new URL("chat-server.mjs", import.meta.url));
/** How often it is killed. More for who asks: SOCKWRIGHT_CHAT_KILLS=50. */
const KILLS = Number(process.env["SOCKWRIGHT_CHAT_KILLS"] ?? 3);
const WRITERS = 4;

class Writer {
  readonly seen: string[] = [];
  readonly #client: LineClient;
  readonly #name: string;
  #written = 0;

  constructor(client: LineClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Says one thing after the other, each when the one before was seen, until the connection is lost. */
  async run(enough: (seen: number) => void): Promise<void> {
    try {
      this.#say();
      for (let line = await this.#client.line(); line !== undefined; line = await this.#client.line()) {
        const [, name, text = ""] = /^<(\w+)> (.+)$/.exec(line) ?? [];
        if (name === undefined) continue;
        this.seen.push(text);
        if (name === this.#name) this.#say();
        enough(this.seen.length);
      }
    } catch {
      // A process that was killed may leave a reset.
    }
  }

  #say(): void {
    this.#client.say(`${this.#name}-${this.#written++}`);
  }
}

async function started(path: string): Promise<{ child: Child; url: string }> {
  const child = await startChild(process.execPath, [PROGRAM, path]);
  const [, url = ""] = await child.line(/^(tcp:.+)$/);
  return { child, url };
}

async function joined(url: string, name: string): Promise<LineClient> {
  const client = new LineClient(await connect(url));
  onTestFinished(() => client.connection.abort());
  client.say(name);
  await client.lines(2);
  return client;
}

/** All that the history has, by a newcomer. */
async function historyOf(url: string): Promise<readonly string[]> {
  const client = await joined(url, "reader");
  client.say("/history 1000", "/quit");
  const lines = await client.rest();
  const from = lines.findLastIndex((line) => line.startsWith("-- The last "));
  return lines.slice(from).flatMap((line) => /^\[[\d:]{8}\] <\w+> (.+)$/.exec(line)?.[1] ?? []);
}

test(`nothing that was seen is lost or doubled in ${KILLS} kills`, { timeout: 30_000 + KILLS * 10_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-chat-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "chat.db");
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, url } = await started(path);
    const writers: Writer[] = [];
    for (let number = 0; number < WRITERS; number++) {
      const name = `w${kill}x${number}`;
      writers.push(new Writer(await joined(url, name), name));
    }
    const killAt = 1 + Math.floor(Math.random() * 200);
    const running = writers.map((writer) => writer.run((seen) => seen >= killAt && child.kill("SIGKILL")));
    await Promise.all(running);
    await child.exit();

    const again = await started(path);
    const stored = await historyOf(again.url);
    again.child.kill("SIGKILL");
    await again.child.exit();
    expect(new Set(stored).size).toBe(stored.length);
    for (const { seen } of writers) {
      const [first = ""] = seen;
      const from = stored.indexOf(first);
      expect(stored.slice(from, from + seen.length)).toEqual(seen);
    }
  }
});
