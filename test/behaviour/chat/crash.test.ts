// The process of a chat is killed, or asked to end, under load: what any member has seen is in the history, once, and in the same order.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../../src/server.ts";
import { type Child, startChild } from "../../support/child.ts";
import { LineClient } from "./line-client.ts";

const PROGRAM = fileURLToPath(new URL("chat-server.mjs", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../../dist/cli/sockwright.js", import.meta.url));
/** How often each. More for who asks: SOCKWRIGHT_CHAT_KILLS=50. */
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

interface Started {
  readonly child: Child;
  readonly url: string;
}

async function started(path: string): Promise<Started> {
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

async function commandStarted(path: string): Promise<Started> {
  const flags = ["--message-rate", "1000/s", "--message-burst", "10000"];
  const args = [COMMAND, "chat", "--listen", "tcp://127.0.0.1:0", "--history", path, ...flags];
  const child = await startChild(process.execPath, args);
  const [, url = ""] = await child.line(/^chat: listening on (tcp:.+)$/);
  return { child, url };
}

interface Ending {
  readonly signal: NodeJS.Signals;
  readonly start: (path: string) => Promise<Started>;
  readonly exit: Awaited<ReturnType<Child["exit"]>>;
}

const ENDINGS: readonly Ending[] = [
  { signal: "SIGKILL", start: started, exit: { code: null, signal: "SIGKILL" } },
  { signal: "SIGTERM", start: commandStarted, exit: { code: 0, signal: null } },
];

/** All that the history has, by a newcomer. */
async function historyOf(url: string): Promise<readonly string[]> {
  const client = await joined(url, "reader");
  client.say("/history 1000", "/quit");
  const lines = await client.rest();
  const from = lines.findLastIndex((line) => line.startsWith("-- The last "));
  return lines.slice(from).flatMap((line) => /^\[[\d:]{8}\] <\w+> (.+)$/.exec(line)?.[1] ?? []);
}

const timeout = 30_000 + KILLS * 10_000;
test.for(ENDINGS)(`nothing that was seen is lost or doubled by ${KILLS} times $signal`, { timeout }, async (ending) => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-chat-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "chat.db");
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, url } = await ending.start(path);
    const writers: Writer[] = [];
    for (let number = 0; number < WRITERS; number++) {
      const name = `w${kill}x${number}`;
      writers.push(new Writer(await joined(url, name), name));
    }
    const killAt = 1 + Math.floor(Math.random() * 200);
    let isKilled = false;
    const enough = (seen: number): void => {
      // A second signal would end it at once.
      if (isKilled || seen < killAt) return;
      isKilled = true;
      child.kill(ending.signal);
    };
    const running = writers.map((writer) => writer.run(enough));
    await Promise.all(running);
    expect(await child.exit()).toEqual(ending.exit);

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
