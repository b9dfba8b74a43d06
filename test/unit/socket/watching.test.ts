import { afterEach, describe, expect, test, vi } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import * as poller from "../../../src/native/poller.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI } from "../../../src/native/poller.ts";
import { concerns, dropUnwanted, errorBehind, isWait, keepAlive } from "../../../src/socket/watching.ts";

/** A watcher of a slot that no test has open. */
const WATCHER = { slot: 2 ** 20, generation: 1, onReady: (): void => {} };

afterEach(() => {
  vi.restoreAllMocks();
  poller.forget(WATCHER.slot);
});

describe("dropUnwanted removes unwanted interest", () => {
  test.each([
    ["wanted interest stays", EPOLLIN, EPOLLIN, undefined],
    ["unwanted interest with an event is removed", EPOLLIN, EPOLLIN | EPOLLOUT, EPOLLIN],
    ["unwanted interest without an event stays", EPOLLIN, EPOLLIN | EPOLLERR, undefined],
    [
      "without any wanted interest the socket leaves epoll, since an error would be reported in each turn",
      0,
      EPOLLHUP,
      0,
    ],
  ])("%s", (_, wanted, events, left) => {
    const watch = vi.spyOn(kernel, "watch").mockReturnValue(0);
    poller.wait(WATCHER, EPOLLIN | EPOLLOUT);
    watch.mockClear();
    dropUnwanted(WATCHER, wanted, events);
    if (left === undefined) expect(watch).not.toHaveBeenCalled();
    else expect(watch.mock.calls).toEqual([[WATCHER.slot, WATCHER.generation, left]]);
  });
});

test.each([
  ["its own event", EPOLLIN, EPOLLIN, true],
  ["urgent data, if it waits for that", EPOLLPRI, EPOLLPRI, true],
  ["an event of another waiter", EPOLLIN, EPOLLOUT, false],
  ["an error", EPOLLOUT, EPOLLERR, true],
  ["a hang-up", EPOLLIN, EPOLLHUP, true],
  ["an error, without a waiter", 0, EPOLLERR, false],
])("a waiter is woken by %s: %#", (_, interest, events, isWoken) => {
  expect(concerns(interest, events)).toBe(isWoken);
});

test("errorBehind reads SO_ERROR only if epoll reported an error", () => {
  const getsockopt = vi.spyOn(kernel, "getsockopt").mockReturnValue(-5);
  expect(errorBehind(WATCHER.slot, WATCHER.generation, EPOLLIN | EPOLLHUP)).toBe(0);
  expect(getsockopt).not.toHaveBeenCalled();
  expect(errorBehind(WATCHER.slot, WATCHER.generation, EPOLLERR)).toBe(5);
});

test("a wait keeps the process alive, and watching for a loss does not", () => {
  const referenced = vi.spyOn(kernel, "setReferenced").mockReturnValue(undefined);
  keepAlive(isWait(0), isWait(EPOLLERR));
  keepAlive(isWait(EPOLLIN), isWait(EPOLLIN | EPOLLOUT));
  expect(referenced).not.toHaveBeenCalled();
  keepAlive(isWait(0), isWait(EPOLLIN));
  keepAlive(isWait(EPOLLIN | EPOLLERR), isWait(EPOLLERR));
  expect(referenced.mock.calls).toEqual([[true], [false]]);
});
