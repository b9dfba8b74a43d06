// The poller receives for several links in one call: no bytes are lost, whatever the first links do to the others.
import { closeSync, fstatSync } from "node:fs";
import { constants } from "node:os";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { AF_UNIX, SOCK_STREAM, type Socket, socketpair } from "../../../src/index.ts";
import { NOT_RECEIVED } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";
import { dispatch, EPOLLIN, MAX_PIECES, PIECE_BYTES } from "../../../src/native/poller.ts";
import type { LinkInput, LinkOutput } from "../../../src/server/transport/link.ts";
import { NativeLink } from "../../../src/server/transport/native-link.ts";
import { SocketDescriptor } from "../../../src/socket/socket-descriptor.ts";
import { turnLoop } from "../poller/turns.ts";

const { EAGAIN, ECONNRESET } = constants.errno;

afterEach(() => {
  vi.restoreAllMocks();
});

interface Linked {
  readonly link: NativeLink;
  readonly far: Socket<unknown>;
  readonly events: string[];
  /** Called when bytes are received. */
  act: () => void;
}

/** Records the calls on one of the two sides of a link. */
function teller(events: string[], act: () => void): LinkInput & LinkOutput {
  return {
    onReceived(bytes) {
      events.push(`received ${bytes.length > 20 ? bytes.length : Buffer.from(bytes)}`);
      act();
    },
    onEnd: () => events.push("ended"),
    onWritable: () => events.push("writable"),
    onError: (error) => events.push(`failed ${"code" in error ? String(error.code) : error.message}`),
  };
}

/** A link that reads, on one end of a socket pair. */
function linked(): Linked {
  const [near, far] = socketpair(AF_UNIX, SOCK_STREAM);
  const endpoint = SocketDescriptor.endpointOf(near);
  endpoint.handOver();
  const link = new NativeLink(endpoint.slot, endpoint.generation, endpoint, { path: "" });
  const events: string[] = [];
  const made: Linked = { link, far, events, act: () => undefined };
  const told = teller(events, () => made.act());
  link.open(told, told);
  link.resume();
  onTestFinished(() => {
    link.close();
    far.close();
  });
  return made;
}

/** Dispatches one batch of events in which all links are ready. */
function ready(...links: readonly Linked[]): void {
  const records = links.flatMap(({ link: { slot, generation } }) => [slot, generation, EPOLLIN]);
  dispatch(links.length, Int32Array.from(records));
}

/** Returns two links that both have input; the first one calls `act` on the second when it receives. */
async function both(act: (second: Linked) => void): Promise<[first: Linked, second: Linked]> {
  const [first, second] = [linked(), linked()];
  first.act = () => act(second);
  await first.far.sendall("one");
  await second.far.sendall("two");
  return [first, second];
}

test("one call of the addon receives for all links, and each link gets its own bytes", async () => {
  const links = [linked(), linked(), linked()];
  for (const [index, { far }] of links.entries()) await far.sendall(`to ${index}`);
  const [together, alone] = [vi.spyOn(kernel, "receiveReady"), vi.spyOn(kernel, "recv")];
  ready(...links);
  expect(links.map(({ events }) => events)).toEqual([["received to 0"], ["received to 1"], ["received to 2"]]);
  expect([together.mock.calls.length, alone.mock.calls.length]).toEqual([1, 0]);
});

test("a link that is paused meanwhile gets the received bytes, and no more until it resumes", async () => {
  const [first, second] = await both(({ link }) => link.pause());
  ready(first, second);
  expect(second.events).toEqual(["received two"]);
  await second.far.sendall("three");
  await turnLoop();
  expect(second.events).toEqual(["received two"]);
  second.link.resume();
  await turnLoop();
  expect(second.events).toEqual(["received two", "received three"]);
});

test("a link that is paused and resumed meanwhile gets the bytes once", async () => {
  const [first, second] = await both(({ link }) => {
    link.pause();
    link.resume();
  });
  ready(first, second);
  await turnLoop();
  expect(second.events).toEqual(["received two"]);
});

test("a link that is paused meanwhile gets the end when it resumes", async () => {
  const [first, second] = [linked(), linked()];
  first.act = () => second.link.pause();
  await first.far.sendall("one");
  second.far.close();
  ready(first, second);
  expect(second.events).toEqual([]);
  second.link.resume();
  await turnLoop();
  expect(second.events).toEqual(["ended"]);
});

test.each(["close", "abort"] as const)("a link that is gone meanwhile, by %s, gets nothing", async (how) => {
  const [first, second] = await both(({ link }) => link[how]());
  ready(first, second);
  await turnLoop();
  expect([first.events, second.events]).toEqual([["received one"], []]);
});

test("a new link in a reused slot does not get the bytes of the old link", async () => {
  const [first, second] = await both(({ link }) => link.close());
  let third: Linked | undefined;
  const { act } = first;
  first.act = () => {
    act();
    third = linked();
  };
  ready(first, second);
  expect(third?.link.slot).toBe(second.link.slot);
  await turnLoop();
  expect([second.events, third?.events]).toEqual([[], []]);
});

test("a link whose descriptor is detached meanwhile gets the bytes that were received before", async () => {
  let descriptor = -1;
  const [first, second] = await both(({ link }) => {
    descriptor = link.detach();
  });
  ready(first, second);
  expect(second.events).toEqual(["received two"]);
  expect(fstatSync(descriptor).isSocket()).toBe(true);
  closeSync(descriptor);
});

test("a link that detaches its descriptor as it receives gets the bytes once", async () => {
  const one = linked();
  let descriptor = -1;
  one.act = () => {
    descriptor = one.link.detach();
  };
  await one.far.sendall("one");
  ready(one);
  closeSync(descriptor);
  expect(one.events).toEqual(["received one"]);
});

test("a paused link does not receive, whatever event arrives", async () => {
  const one = linked();
  one.link.pause();
  await one.far.sendall("one");
  const together = vi.spyOn(kernel, "receiveReady");
  ready(one);
  expect([one.events, together.mock.calls.length]).toEqual([[], 0]);
  one.link.resume();
  ready(one);
  expect([one.events, together.mock.calls.length]).toEqual([["received one"], 1]);
});

test("a new owner of a link gets the received bytes", async () => {
  const events: string[] = [];
  const [first, second] = await both(({ link }) => {
    const told = teller(events, () => undefined);
    link.open(told, told);
  });
  ready(first, second);
  expect([second.events, events]).toEqual([[], ["received two"]]);
});

test("received input that is not yet delivered is due", async () => {
  const due: boolean[] = [];
  const [first, second] = await both(({ link }) => due.push(link.isDue("input")));
  ready(first, second);
  expect([...due, second.link.isDue("input")]).toEqual([true, false]);
});

test("an error of one link affects that link alone, even if it is paused: the kernel reports the error once", async () => {
  const [first, second] = await both(({ link }) => link.pause());
  const third = linked();
  await third.far.sendall("three");
  const receiveReady = kernel.receiveReady;
  vi.spyOn(kernel, "receiveReady").mockImplementation((memory, transfers, count) => {
    receiveReady(memory, transfers, count);
    transfers[4 + 3] = -ECONNRESET;
  });
  ready(first, second, third);
  expect([first, second, third].map(({ events }) => events.at(-1))).toEqual([
    "received one",
    "failed ECONNRESET",
    "received three",
  ]);
});

test("PIECE_BYTES: a link that fills its piece receives alone with more room, until it gets less", async () => {
  const one = linked();
  const [together, alone] = [vi.spyOn(kernel, "receiveReady"), vi.spyOn(kernel, "recv")];
  const calls = (): number[] => [together.mock.calls.length, alone.mock.calls.length];
  await one.far.sendall(Buffer.alloc(3 * PIECE_BYTES));
  ready(one);
  expect([one.events, calls()]).toEqual([[`received ${PIECE_BYTES}`], [1, 0]]);
  ready(one);
  expect([one.events.at(-1), calls()]).toEqual([`received ${2 * PIECE_BYTES}`, [1, 1]]);
  await one.far.sendall("few");
  ready(one);
  await one.far.sendall("more");
  ready(one);
  expect([one.events.slice(2), calls()]).toEqual([
    ["received few", "received more"],
    [2, 2],
  ]);
});

test("MAX_PIECES: the links beyond this number receive by themselves", async () => {
  const links = Array.from({ length: MAX_PIECES + 3 }, () => linked());
  for (const { far } of links) await far.sendall("data");
  const alone = vi.spyOn(kernel, "recv");
  ready(...links);
  expect(links.flatMap(({ events }) => events)).toEqual(links.map(() => "received data"));
  expect(alone).toHaveBeenCalledTimes(3);
});

test("a link for which the memory has no room receives by itself", async () => {
  const [first, second] = [linked(), linked()];
  await first.far.sendall("one");
  await second.far.sendall("two");
  vi.spyOn(kernel, "receiveReady").mockImplementationOnce((_memory, transfers) => {
    transfers[3] = NOT_RECEIVED;
    transfers[7] = -EAGAIN;
  });
  ready(first, second);
  expect([first.events, second.events]).toEqual([["received one"], []]);
  ready(second);
  expect(second.events).toEqual(["received two"]);
});
