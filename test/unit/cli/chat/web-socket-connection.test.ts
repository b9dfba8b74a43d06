// A silent server: each wait for it has a timeout.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import {
  HANDSHAKE_MS,
  LEAVE_MS,
  MAX_SILENCE_MS,
  WebSocketConnection,
} from "../../../../src/cli/chat/web-socket-connection.ts";
import { RunningChat } from "../../../cli/chat-streams.ts";
import { turn, until } from "../../../support/until.ts";

async function silentServer(): Promise<{ server: WebSocketServer; place: string }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  onTestFinished(async () => {
    vi.useRealTimers();
    for (const socket of server.clients) socket.terminate();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  });
  return { server, place: `127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

function holdTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}

test("a server that sends not even a ping counts as lost after MAX_SILENCE_MS", async () => {
  const { place } = await silentServer();
  holdTimers();
  const connection = await WebSocketConnection.open({ url: `ws://${place}` }, new AbortController().signal);
  vi.advanceTimersByTime(MAX_SILENCE_MS - 1);
  expect(connection.isOpen).toBe(true);
  vi.advanceTimersByTime(1);
  expect(await connection.next()).toEqual({ code: 1006, reason: "" });
});

test("a join without an answer: exit code 3", async () => {
  const { server, place } = await silentServer();
  let joins = 0;
  server.on("connection", (socket) => socket.on("message", () => joins++));
  holdTimers();
  const chat = new RunningChat("--join", `http://${place}`, "--name", "rose");
  await until(() => joins === 1, "the join");
  vi.advanceTimersByTime(HANDSHAKE_MS);
  expect(await chat.exitCode).toBe(3);
  expect(chat.stderr).toMatch(/^sockwright: ws:\S+: no answer within 10000 ms\n$/);
});

test("a frame of 32 MiB is accepted; a longer one ends the connection", async () => {
  const { server, place } = await silentServer();
  const longest = "x".repeat(32 * 1024 * 1024);
  server.on("connection", (socket) => {
    socket.send(longest);
    socket.send(`${longest}y`);
  });
  const connection = await WebSocketConnection.open({ url: `ws://${place}` }, new AbortController().signal);
  expect((await connection.next()) === longest).toBe(true);
  expect(await connection.next()).toEqual({ code: 1006, reason: "" });
});

test("a close without an answer ends after two seconds", async () => {
  const { server, place } = await silentServer();
  server.on("connection", (socket) => socket.pause());
  holdTimers();
  const connection = await WebSocketConnection.open({ url: `ws://${place}` }, new AbortController().signal);
  let isEnded = false;
  const ended = connection.next().then((end) => {
    isEnded = true;
    return end;
  });
  connection.close();
  vi.advanceTimersByTime(LEAVE_MS - 1);
  await turn(50);
  expect(isEnded).toBe(false);
  vi.advanceTimersByTime(1);
  expect(await ended).toEqual({ code: 1006, reason: "" });
});
