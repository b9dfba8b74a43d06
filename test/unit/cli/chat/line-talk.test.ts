// The TCP connection by which somebody takes part over lines.
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

/** What the kernel has of the socket with which a chat was joined at this URL. */
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

test("a server that has gone without a word is noticed after a minute, be anything said or not", async () => {
  const { url } = await servedChat();
  expect(await optionsAt(url)).toEqual({ keepAlive: 1, keepIdleS: 60, keepIntervalS: 60, userTimeoutMs: 60_000 });
});

test("a URL that says something else is heard", async () => {
  const { url } = await servedChat();
  expect(await optionsAt(`${url}?keepalive=5s&user-timeout=7s`)).toMatchObject({ keepIdleS: 5, userTimeoutMs: 7_000 });
});
