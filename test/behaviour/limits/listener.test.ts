import { afterEach, expect, test, vi } from "vitest";
import { AF_INET, SOCK_STREAM, SOMAXCONN, type Socket, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { currentTurn } from "../../../src/native/turn.ts";
import { MAX_ACCEPTS_PER_TURN } from "../../../src/socket/accept.ts";

const open: Socket[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  vi.restoreAllMocks();
});

function stream(): Socket {
  const made = socket(AF_INET, SOCK_STREAM);
  open.push(made);
  return made;
}

test("SOMAXCONN: the backlog of listen() without an argument", () => {
  const listening = vi.spyOn(kernel, "listen");
  const server = stream();
  server.bind({ host: "127.0.0.1", port: 0 });
  server.listen();
  expect(listening.mock.calls.map(([, , backlog]) => backlog)).toEqual([SOMAXCONN]);
});

test("MAX_ACCEPTS_PER_TURN: serve() accepts that many connections in a turn and the others in later turns", async () => {
  const server = stream();
  server.bind({ host: "127.0.0.1", port: 0 });
  const listener = server.listen();
  const clients = Array.from({ length: MAX_ACCEPTS_PER_TURN * 6 }, stream);
  await Promise.all(clients.map((client) => client.connect(server.getsockname())));

  const { accept } = kernel;
  const accepted = new Map<number, number>();
  vi.spyOn(kernel, "accept").mockImplementation((...args) => {
    const handle = accept(...args);
    const turn = currentTurn();
    if (handle >= 0) accepted.set(turn, (accepted.get(turn) ?? 0) + 1);
    return handle;
  });
  let served = 0;
  await new Promise<void>((resolve) => {
    void listener.serve(() => {
      if (++served === clients.length) resolve();
    });
  });
  expect(Math.max(...accepted.values())).toBe(MAX_ACCEPTS_PER_TURN);
});
