// The options of the TCP connection of a chat client in line mode.
import { expect, onTestFinished, test, vi } from "vitest";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from "../../../../src/index.ts";
import { Socket } from "../../../../src/socket/internal.ts";
import { servedChat } from "../../../behaviour/chat/line-client.ts";
import { RunningChat } from "../../../cli/chat-streams.ts";

/** The socket options of a chat client that joined at this URL. */
async function optionsAt(url: string): Promise<Readonly<Record<string, unknown>>> {
  const connecting = vi.spyOn(Socket.prototype, "connect");
  onTestFinished(() => connecting.mockRestore());
  const chat = new RunningChat("--join", url, "--name", "rose");
  await chat.prints("alone");
  const [own] = connecting.mock.contexts;
  if (!(own instanceof Socket)) throw new Error("nobody has connected");
  return {
    keepAlive: own.getsockopt(SOL_SOCKET, SO_KEEPALIVE),
    keepIdleS: own.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE),
    keepIntervalS: own.getsockopt(IPPROTO_TCP, TCP_KEEPINTVL),
    userTimeoutMs: own.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT),
  };
}

test("the kernel notices a silent loss of the server after a minute, with or without unsent data", async () => {
  const { url } = await servedChat();
  expect(await optionsAt(url)).toEqual({ keepAlive: 1, keepIdleS: 60, keepIntervalS: 60, userTimeoutMs: 60_000 });
});

test("the URL can set other timeouts", async () => {
  const { url } = await servedChat();
  expect(await optionsAt(`${url}?keepalive=5s&user-timeout=7s`)).toMatchObject({ keepIdleS: 5, userTimeoutMs: 7_000 });
});
