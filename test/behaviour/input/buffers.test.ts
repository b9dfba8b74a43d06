import { describe, expect, test } from "vitest";
import { MSG_PEEK, MSG_WAITALL, SO_REUSEADDR, SOL_SOCKET, type Socket } from "../../../src/index.ts";
import { fill } from "../../support/full.ts";
import { resizableBuffer } from "../../support/resizable-buffer.ts";
import { unixPair } from "../../support/sockets.ts";
import { countToEnd } from "../../support/to-end.ts";
import { expectFault } from "./bad-argument.ts";

type View = NodeJS.ArrayBufferView & { readonly buffer: ArrayBufferLike };
type MakeView = (buffer: ArrayBuffer) => View;

const views: readonly (readonly [string, MakeView])[] = [
  ["Uint8Array", (buffer) => new Uint8Array(buffer)],
  ["Uint8Array of a part", (buffer) => new Uint8Array(buffer, 8, 8)],
  ["empty Uint8Array", (buffer) => new Uint8Array(buffer, 8, 0)],
  ["Buffer", (buffer) => Buffer.from(buffer)],
  ["Uint8ClampedArray", (buffer) => new Uint8ClampedArray(buffer)],
  ["Float64Array", (buffer) => new Float64Array(buffer)],
  ["BigInt64Array", (buffer) => new BigInt64Array(buffer, 8)],
  ["DataView", (buffer) => new DataView(buffer)],
];

/** Detaches the memory from every view of it. */
function detach(buffer: ArrayBufferLike): void {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
}

interface Lending {
  readonly name: string;
  readonly gives: "value" | "promise";
  readonly argument: string;
  lend(on: Socket, view: View): unknown;
}

const receives: readonly Lending[] = [
  { name: "recv_into", gives: "promise", argument: "buffer", lend: (on, view) => on.recv_into(view) },
  { name: "recvfrom_into", gives: "promise", argument: "buffer", lend: (on, view) => on.recvfrom_into(view) },
  {
    name: "recvmsg_into",
    gives: "promise",
    argument: "buffers[1]",
    lend: (on, view) => on.recvmsg_into([new Uint8Array(1), view]),
  },
  {
    name: "recv_into with MSG_WAITALL",
    gives: "promise",
    argument: "buffer",
    lend: (on, view) => on.recv_into(view, { flags: MSG_WAITALL }),
  },
];
const sends: readonly Lending[] = [
  { name: "send", gives: "promise", argument: "data", lend: (on, view) => on.send(view) },
  { name: "sendall", gives: "promise", argument: "data", lend: (on, view) => on.sendall(view) },
  { name: "sendmsg", gives: "promise", argument: "buffers[1]", lend: (on, view) => on.sendmsg(["x", view]) },
];
const all: readonly Lending[] = [
  ...receives,
  ...sends,
  { name: "tryRecv", gives: "value", argument: "buffer", lend: (on, view) => on.tryRecv(view) },
  { name: "trySend", gives: "value", argument: "data", lend: (on, view) => on.trySend(view) },
  {
    name: "sendto",
    gives: "promise",
    argument: "data",
    lend: (on, view) => on.sendto(view, { abstract: "nobody" }),
  },
  {
    name: "setsockopt",
    gives: "value",
    argument: "value",
    lend: (on, view) => on.setsockopt(SOL_SOCKET, SO_REUSEADDR, view),
  },
  {
    name: "sendmsg, control",
    gives: "promise",
    argument: "options.control[0].data",
    lend: (on, data) => on.sendmsg(["x"], { control: [{ level: SOL_SOCKET, type: 2, data: data as Uint8Array }] }),
  },
];

describe.each(all)("a view without its memory is refused, and not treated as an empty buffer: $name", (lending) => {
  test.each(views)("a %s of a detached ArrayBuffer", async (_name, view) => {
    const [ours] = unixPair();
    const wrong = view(new ArrayBuffer(16));
    detach(wrong.buffer);
    await expectFault(() => lending.lend(ours, wrong), { ...lending, fault: "value", wrong: "detached" });
  });

  test.each(views.filter(([name]) => name !== "Buffer"))(
    "a %s that its ArrayBuffer no longer covers",
    async (_name, view) => {
      const [ours] = unixPair();
      const resizable = resizableBuffer(16, 16);
      const wrong = fixedView(view, resizable);
      resizable.resize(4);
      await expectFault(() => lending.lend(ours, wrong), { ...lending, fault: "value", wrong: "shrunk" });
    },
  );
});

/** Makes a view of fixed length: a view without a length would follow its ArrayBuffer. */
function fixedView(view: MakeView, buffer: ArrayBuffer): View {
  const model = view(new ArrayBuffer(16));
  const elementBytes = "BYTES_PER_ELEMENT" in model ? Number(model.BYTES_PER_ELEMENT) : 1;
  return Reflect.construct(model.constructor, [buffer, model.byteOffset, model.byteLength / elementBytes]);
}

describe("memory that is detached or shrinks while the call waits", () => {
  test.each(receives)("$name rejects, and the received bytes are left for the next call", async (lending) => {
    const [ours, peer] = unixPair();
    const view = new Uint8Array(16);
    const waiting = Promise.resolve(lending.lend(ours, view));
    detach(view.buffer);
    await peer.sendall("here");
    await expectFault(() => waiting, { ...lending, fault: "value", wrong: "detached" });
    expect(String(await ours.recv(16))).toBe("here");
  });

  test.each(receives)("$name rejects when the memory shrinks", async (lending) => {
    const [ours, peer] = unixPair();
    const buffer = resizableBuffer(16, 16);
    const waiting = Promise.resolve(lending.lend(ours, new Uint8Array(buffer, 0, 16)));
    buffer.resize(0);
    await peer.sendall("here");
    await expectFault(() => waiting, { ...lending, fault: "value", wrong: "shrunk" });
    expect(String(await ours.recv(16))).toBe("here");
  });

  test.each(sends)("$name rejects, and sends no byte of it", async (lending) => {
    const [ours, peer] = unixPair();
    const filled = fill(ours);
    const view = new Uint8Array(16).fill(0x2e);
    const waiting = Promise.resolve(lending.lend(ours, view));
    const faulty = expectFault(() => waiting, { ...lending, fault: "value", wrong: "detached" });
    detach(view.buffer);
    const received = countToEnd(peer);
    await faulty;
    ours.close();
    expect(await received).toBe(filled);
  });

  test("a sendall() that has sent a part rejects with bytesSent, and later sends on its socket are refused", async () => {
    const [ours, peer] = unixPair();
    const view = new Uint8Array(4 * 1024 * 1024);
    const waiting = ours.sendall(view);
    detach(view.buffer);
    const received = countToEnd(peer);
    const error = await waiting.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_INVALID_ARG_VALUE", bytesSent: expect.any(Number) });
    await expect(ours.send("x")).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_PARTIAL_SEND" });
    ours.close();
    expect(await received).toBe((error as { bytesSent: number }).bytesSent);
  });

  // The first send of a turn is sent at once; later ones are gathered and sent at the end of the turn.
  test.each(["send", "sendall"] as const)("%s rejects when it goes in the turn in which it was lent", async (name) => {
    const [ours, peer] = unixPair();
    const view = new Uint8Array(16);
    const sending = [ours[name]("first"), ours[name](view), ours[name]("last")];
    detach(view.buffer);
    const results = await Promise.allSettled(sending);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "ERR_INVALID_ARG_VALUE" } });
    expect(String(await peer.recv(64))).toBe("firstlast");
  });

  test.each([
    ["close", "ERR_SOCKWRIGHT_CLOSED", "ERR_SOCKWRIGHT_CLOSED"],
    ["abort", "ABORT_ERR", "ABORT_ERR"],
    // At the timeout there is one last attempt, which finds the memory gone.
    ["time-out", "ERR_INVALID_ARG_VALUE", "ERR_SOCKWRIGHT_TIMEOUT"],
  ] as const)("a MSG_WAITALL receive whose memory went is ended by %s", async (how, code, codeBehind) => {
    const [ours] = unixPair();
    const { signal, abort } = abortable();
    if (how === "time-out") ours.settimeout(1);
    const view = new Uint8Array(16);
    const first = ours.recv_into(view, { flags: MSG_WAITALL, signal });
    const behind = ours.recv(1, { signal });
    detach(view.buffer);
    if (how === "close") ours.close();
    if (how === "abort") abort();
    await expect(first).rejects.toMatchObject({ code });
    await expect(behind).rejects.toMatchObject({ code: codeBehind });
  });

  test("the next call in the queue gets the bytes", async () => {
    const [ours, peer] = unixPair();
    const view = new Uint8Array(16);
    const [first, second] = [ours.recv_into(view), ours.recv(16)];
    detach(view.buffer);
    await peer.sendall("for the second");
    await expect(first).rejects.toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
    expect(String(await second)).toBe("for the second");
  });
});

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

describe("the bytes of every kind of memory are sent and received", () => {
  test.each(views)("a %s of an ArrayBuffer", async (_name, view) => {
    const [ours, peer] = unixPair();
    const bytes = Uint8Array.from({ length: 16 }, (_value, index) => index + 1);
    const sent = view(bytes.buffer);
    expect(await ours.send(sent)).toBe(sent.byteLength);
    if (sent.byteLength === 0) return;
    const room = view(new ArrayBuffer(16));
    expect(await peer.recv_into(room)).toBe(sent.byteLength);
    const { buffer, byteOffset, byteLength } = room;
    expect(new Uint8Array(buffer, byteOffset, byteLength)).toEqual(bytes.slice(byteOffset, byteOffset + byteLength));
  });

  test("a view of a SharedArrayBuffer", async () => {
    const [ours, peer] = unixPair();
    const sent = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
    const room = new Uint8Array(new SharedArrayBuffer(8));
    expect(await ours.send(sent)).toBe(4);
    expect(await peer.recv_into(room)).toBe(4);
    expect([...room]).toEqual([7, 7, 7, 7, 0, 0, 0, 0]);
  });

  test("a view that follows its resizable ArrayBuffer", async () => {
    const [ours, peer] = unixPair();
    const buffer = resizableBuffer(16, 32);
    const room = new Uint8Array(buffer);
    buffer.resize(4);
    await ours.sendall("abcdef");
    expect(await peer.recv_into(room)).toBe(4);
    buffer.resize(32);
    expect(await peer.recv_into(room)).toBe(2);
    expect(Buffer.from(room.subarray(0, 4)).toString()).toBe("efcd");
  });

  test("an empty view receives nothing, and the result does not mean the end", async () => {
    const [ours, peer] = unixPair();
    await ours.sendall("x");
    expect(await peer.recv_into(new Uint8Array(0))).toBe(0);
    expect(await peer.recv(0)).toHaveLength(0);
    expect(String(await peer.recv(1, { flags: MSG_PEEK }))).toBe("x");
    expect(String(await peer.recv(1))).toBe("x");
  });
});
