// A connection whose peer has ended and that has nothing left to send is closed by close(2) alone.
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, SO_LINGER, SOCK_STREAM, SOL_SOCKET, socket } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import { timedLinkOf } from "../../../src/server/transport/timed-link.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { echo, echoByPush, serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";
import { placeOf } from "../poller/turns.ts";

describe.each([
  ["reads", echo],
  ["pushes", echoByPush],
])("a service that %s, after its peer has ended", (_name, service) => {
  test.each(["tcp://127.0.0.1:0", "unix:@close-at-once", "unix-seqpacket:@close-at-once"])(
    "sends what it has written and closes at %s, without shutdown(2) and without a timer",
    async (url) => {
      const server = await serving(service, {}, url);
      const client = await connected(server);
      client.write("hello");
      await client.readExactly(5).catch(() => undefined);
      const shutdown = vi.spyOn(kernel, "shutdown");
      const timer = vi.spyOn(globalThis, "setTimeout");
      onTestFinished(() => void vi.restoreAllMocks());
      await client.end();
      expect(shutdown).toHaveBeenCalledTimes(1);
      expect(await client.read()).toBeUndefined();
      await until(() => server.stats().connectionsActive === 0, "the connection to be closed");
      expect(shutdown).toHaveBeenCalledTimes(1);
      expect(timer).not.toHaveBeenCalledWith(expect.anything(), 2_000);
      expect(server.stats().connectionsEnded.peer).toBe(1);
    },
  );
});

describe("close() after the peer has ended", () => {
  function ended(link: ScriptedLink, connection: Connection): Promise<void> {
    void connection.read();
    link.input?.onEnd();
    return connection.close();
  }

  test("closes the link at once, within the call", () => {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    connection.write("last words");
    void ended(link, connection);
    expect([link.calls, String(link.sent)]).toEqual([["resume", "close"], "last words"]);
  });

  test("sends the end first on a link whose close does not send it, also with deadlines", async () => {
    for (const wrap of [
      (link: ScriptedLink) => link,
      (link: ScriptedLink) => {
        const none = { firstByteTimeoutMs: undefined, idleTimeoutMs: undefined, readTimeoutMs: undefined };
        return timedLinkOf(link, { ...none, totalTimeoutMs: 60_000 }, new DeadlineWheel(), () => undefined);
      },
    ]) {
      const link = new ScriptedLink({ endsAtClose: false });
      await ended(link, new Connection(wrap(link)));
      expect(link.calls).toEqual(["resume", "end", "close"]);
    }
  });

  test("closes the link when the kernel has taken the remaining bytes", async () => {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    link.room = 4;
    connection.write("last words");
    const closing = ended(link, connection);
    expect(link.calls).not.toContain("close");
    link.room = 100;
    link.output?.onWritable();
    await closing;
    expect([link.calls.slice(-2), String(Buffer.concat(link.sent))]).toEqual([["end", "close"], "last words"]);
  });

  test("rejects with the error of a send that fails", async () => {
    const link = new ScriptedLink();
    const connection = new Connection(link);
    const failure = Object.assign(new Error("EPIPE"), { code: "EPIPE" });
    connection.write("last words");
    link.send = () => {
      throw failure;
    };
    await expect(ended(link, connection)).rejects.toBe(failure);
  });
});

describe("SO_LINGER that another program has set on the listener", () => {
  test.each([0, 3_600])("of %i s causes neither a reset nor a close that blocks", async (seconds) => {
    const listener = socket(AF_INET, SOCK_STREAM);
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    // This call goes past layer 1, so layer 1 does not know of the option.
    const { slot, generation } = placeOf(listener);
    kernel.setsockopt(slot, generation, SOL_SOCKET, SO_LINGER, new Uint8Array(new Int32Array([1, seconds]).buffer));
    const server = await serving(echo, {}, `fd:${listener.detach()}`);
    const client = await connected(urlOf(server));
    client.write("hello");
    await client.end();
    expect(String(await client.readExactly(5))).toBe("hello");
    expect(await client.read()).toBeUndefined();
  });
});
