// A chat process is killed, or asked to end, under load. The history then holds each message that a member received or
// that the chat acknowledged, exactly once and in the same order.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { program } from "../../cli/sockwright.ts";
import { type Child, startChild } from "../../support/child.ts";
import { historyOf, LineWriter, type Place, SocketWriter, type Writer } from "./crash-writers.ts";

/** Repetitions of each test; SOCKWRIGHT_CHAT_KILLS overrides it. */
const KILLS = Number(process.env["SOCKWRIGHT_CHAT_KILLS"] ?? 3);
/** The number of writers at each endpoint. */
const WRITERS = 2;

interface Started {
  readonly child: Child;
  readonly place: Place;
}

async function started(path: string): Promise<Started> {
  const listeners = ["tcp://127.0.0.1:0", "http://127.0.0.1:0/chat/"].flatMap((url) => ["--listen", url]);
  const rate = ["--message-rate", "1000/s", "--message-burst", "10000"];
  const args = [program, "chat", ...listeners, "--history", path, ...rate];
  const child = await startChild(process.execPath, args);
  const [, url = ""] = await child.line(/^chat: listening on (tcp:.+)$/);
  const [, page = ""] = await child.line(/^chat: listening on http:(.+)$/);
  return { child, place: { url, socketUrl: `ws:${page}ws` } };
}

const ENDINGS = [
  { signal: "SIGKILL", exit: { code: null, signal: "SIGKILL" } },
  { signal: "SIGTERM", exit: { code: 0, signal: null } },
] as const;

const timeout = 30_000 + KILLS * 15_000;
test.for(ENDINGS)(`${KILLS} times $signal lose and duplicate no message`, { timeout }, async ({ signal, exit }) => {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-chat-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "chat.db");
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, place } = await started(path);
    const writers: Writer[] = [];
    for (let number = 0; number < WRITERS; number++) {
      writers.push(await LineWriter.joined(place, `l${kill}x${number}`));
      writers.push(await SocketWriter.joined(place, `s${kill}x${number}`));
    }
    let left = 1 + Math.floor(Math.random() * 400);
    const onHeard = (): void => {
      // A second signal would end the process at once.
      if (--left === 0) child.kill(signal);
    };
    await Promise.all(writers.map((writer) => writer.run(onHeard)));
    expect(await child.exit()).toEqual(exit);

    const again = await started(path);
    for (const writer of writers) await writer.resume(again.place);
    const stored = await historyOf(again.place);
    again.child.kill("SIGKILL");
    await again.child.exit();
    expect(new Set(stored).size).toBe(stored.length);
    for (const { heard, acknowledged } of writers) {
      const from = stored.indexOf(heard[0] ?? "");
      expect(stored.slice(from, from + heard.length)).toEqual(heard);
      expect(stored).toEqual(expect.arrayContaining([...acknowledged]));
    }
  }
});
