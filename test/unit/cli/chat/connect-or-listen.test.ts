// Two programs that start at the same time: how often and how soon one of them tries again.
import { expect, onTestFinished, test, vi } from "vitest";
import { connectOrListen } from "../../../../src/cli/chat/connect-or-listen.ts";
import { socket } from "../../../../src/index.ts";
import type { AddressUrl } from "../../../../src/server/url/socket-url.ts";
import { parseSocketUrl } from "../../../../src/server/url/socket-url.ts";
import { turn } from "../../../support/until.ts";

/** An address that is in use but not listening, like that of a program that is about to listen. */
function takenPlace(): AddressUrl {
  const other = socket();
  onTestFinished(() => other.close());
  other.bind({ host: "127.0.0.1", port: 0 });
  const url = parseSocketUrl(`tcp://127.0.0.1:${other.getsockname().port}`);
  if (url.scheme !== "tcp") throw new Error("that is no address");
  return url;
}

/** Makes each pause as long as possible. */
function holdPauses(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const share = vi.spyOn(Math, "random").mockReturnValue(1);
  onTestFinished(() => {
    share.mockRestore();
    vi.useRealTimers();
  });
}

test("connectOrListen tries 50 times, at most 100 ms apart", async () => {
  const place = takenPlace();
  holdPauses();
  let code: unknown;
  const meeting = connectOrListen(place, { onWaiting: async () => {}, signal: new AbortController().signal }).catch(
    (error: NodeJS.ErrnoException) => {
      code = error.code;
    },
  );
  const pauses: number[] = [];
  while (code === undefined) {
    if (vi.getTimerCount() > 0) {
      const beganMs = performance.now();
      vi.advanceTimersToNextTimer();
      pauses.push(performance.now() - beganMs);
    }
    await turn();
  }
  await meeting;
  expect(code).toBe("EADDRINUSE");
  expect(pauses).toEqual(Array.from({ length: 49 }, () => 100));
});

test("an abort during a pause rejects and leaves no timer", async () => {
  const place = takenPlace();
  holdPauses();
  const leaving = new AbortController();
  const meeting = connectOrListen(place, { onWaiting: async () => {}, signal: leaving.signal });
  while (vi.getTimerCount() === 0) await turn();
  leaving.abort();
  await expect(meeting).rejects.toThrow("aborted");
  expect(vi.getTimerCount()).toBe(0);
});
