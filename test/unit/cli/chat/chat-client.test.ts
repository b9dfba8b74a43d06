// How long a chat client waits for a server that has gone away.
import { expect, onTestFinished, test, vi } from "vitest";
import { ChatRoom } from "../../../cli/chat-room.ts";
import { RunningChat } from "../../../cli/chat-streams.ts";
import { turn } from "../../../support/until.ts";

test("a client tries to reconnect for a minute, then exits with code 3", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  await chat.prints("alone");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  let code: number | undefined;
  void chat.exitCode.then((ended) => {
    code = ended;
  });
  await room.close();
  await chat.tells("-- The connection is lost. Reconnecting.\n");
  const lostMs = performance.now();
  while (code === undefined) {
    if (vi.getTimerCount() > 0) vi.advanceTimersToNextTimer();
    await turn();
  }
  expect(code).toBe(3);
  expect(performance.now() - lostMs).toBe(60_000);
  expect(chat.stderr).toMatch(/\nsockwright: the connection was lost and could not be restored within 60000 ms/);
});
