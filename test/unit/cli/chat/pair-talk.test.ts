// A chat between two programs without a server, where the other one does not end.
import { expect, onTestFinished, test, vi } from "vitest";
import { socket } from "../../../../src/index.ts";
import { RunningChat } from "../../../cli/chat-streams.ts";
import { turn, until } from "../../../support/until.ts";

test("after its own end, a program waits at most one second for the other end", async () => {
  const listening = socket();
  onTestFinished(() => listening.close());
  listening.bind({ host: "127.0.0.1", port: 0 });
  const listener = listening.listen();
  const chat = new RunningChat("--with", `tcp://127.0.0.1:${listening.getsockname().port}`);
  const [other] = await listener.accept();
  onTestFinished(() => other.close());
  await other.sendall("here\n");
  await chat.prints("here\n");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  let code: number | undefined;
  void chat.exitCode.then((ended) => {
    code = ended;
  });
  chat.end();
  expect((await other.recv(1)).length).toBe(0);
  await until(() => vi.getTimerCount() === 1, "the farewell");
  vi.advanceTimersByTime(999);
  await other.sendall("last words\n");
  await chat.prints("last words\n");
  await turn(50);
  expect(code).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(await chat.exitCode).toBe(0);
});
