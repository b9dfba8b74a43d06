import { describe, expect, onTestFinished, test } from "vitest";
import { AF_UNIX } from "../../../src/index.ts";
import { closeAtTheEnd, listenOnLoopback, openDatagrams, openStream, unixPair } from "../../support/sockets.ts";
import { turnLoop } from "../poller/turns.ts";
import { receives } from "./waits.ts";

const REASON = new Error("the user left");

describe.for(receives)("a cancelled $call consumes nothing", ({ wait }) => {
  test("if the signal fires after the data arrived, but before the event loop reports it", async () => {
    const [left, right] = unixPair();
    const controller = new AbortController();
    const received = wait(right, controller.signal);
    left.trySend("kept");
    controller.abort(REASON);
    await expect(received).rejects.toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: REASON });
    await turnLoop();
    expect(String(await right.recv(1024))).toBe("kept");
  });

  test("if it times out", async () => {
    const [left, right] = unixPair();
    right.settimeout(5);
    await expect(wait(right)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    left.trySend("kept");
    await turnLoop();
    expect(String(await right.recv(1024))).toBe("kept");
  });

  test("and the next call in the queue gets the data", async () => {
    const [left, right] = unixPair();
    const controller = new AbortController();
    const cancelled = wait(right, controller.signal);
    const behind = right.recv(1024);
    left.trySend("kept");
    controller.abort(REASON);
    await expect(cancelled).rejects.toMatchObject({ code: "ABORT_ERR" });
    expect(String(await behind)).toBe("kept");
  });
});

test("a cancelled recvfrom leaves the datagram and its sender's address", async () => {
  const socket = openDatagrams(AF_UNIX);
  const controller = new AbortController();
  const received = socket.recvfrom(1024, { signal: controller.signal });
  await socket.sendto("kept", socket.getsockname());
  controller.abort();
  await expect(received).rejects.toMatchObject({ code: "ABORT_ERR" });
  const [data, address] = await socket.recvfrom(1024);
  expect([String(data), address]).toEqual(["kept", socket.getsockname()]);
});

test("a cancelled accept leaves the connection in the backlog", async () => {
  const listener = listenOnLoopback();
  const controller = new AbortController();
  const accepted = listener.accept({ signal: controller.signal });
  const client = openStream();
  const connected = client.connect(listener.getsockname());
  controller.abort(REASON);
  await expect(accepted).rejects.toMatchObject({ code: "ABORT_ERR", cause: REASON });
  await connected;
  await turnLoop();
  const [peer, address] = await listener.accept();
  closeAtTheEnd(peer);
  expect(address).toEqual(client.getsockname());
});

test("a hundred receives that are cancelled in a row lose no byte that arrives meanwhile", async () => {
  const [left, right] = unixPair();
  const sent = Array.from({ length: 100 }, (_, number) => `${number} `);
  let received = "";
  for (const [index, text] of sent.entries()) {
    const controller = new AbortController();
    const race = right.recv(1024, { signal: controller.signal }).then(
      (data) => {
        received += data;
      },
      () => undefined,
    );
    // All orders: the data first, the signal first, and turns of the loop between them.
    if (index % 3 === 0) controller.abort();
    left.trySend(text);
    if (index % 3 === 1) await turnLoop(index % 2);
    controller.abort();
    await race;
  }
  onTestFinished(() => right.close());
  right.setblocking(false);
  await right.recv(1024).then(
    (data) => {
      received += data;
    },
    (error: unknown) => expect(error).toMatchObject({ code: "EAGAIN" }),
  );
  expect(received).toBe(sent.join(""));
});
