// Each direction continues whatever the state of the other: silent, full, or ended.
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AF_INET, AF_UNIX, SHUT_WR, type Socket, socket } from "../../src/index.ts";
import { fillUnread, isAsleep } from "../support/full.ts";
import { until } from "../support/until.ts";
import { type Piped, read, readToEnd, startPiped } from "./pipes.ts";
import { freeFolder } from "./sockwright.ts";

const ROUND_TRIPS = 10;
const CHUNK = Buffer.alloc(64 * 1024, "x");
/** Far more than the kernel's buffers of both sides hold, and far less than a program without backpressure would queue. */
const MAX_UNDER_WAY_BYTES = 64 * 1024 * 1024;

interface Meeting {
  readonly own: Piped;
  readonly peer: Socket;
}

/** The program, connected to a peer. */
async function meet(command: string, kind: string): Promise<Meeting> {
  const address = kind === "tcp" ? { host: "127.0.0.1", port: 0 } : { path: join(freeFolder(), "socket") };
  const peer = socket(kind === "tcp" ? AF_INET : AF_UNIX);
  onTestFinished(() => peer.close());
  if (command === "listen") {
    const own = startPiped("listen", "path" in address ? `unix:${address.path}` : "tcp://127.0.0.1:0");
    const [, port] = /:(\d+)$/.exec(await own.firstLine) ?? [];
    await peer.connect("path" in address ? address : { ...address, port: Number(port) });
    return { own, peer };
  }
  peer.bind(address);
  const listener = peer.listen();
  const url = "path" in address ? `unix:${address.path}` : `tcp://127.0.0.1:${listener.getsockname().port}`;
  const own = startPiped("connect", url);
  const [accepted] = await listener.accept();
  onTestFinished(() => accepted.close());
  return { own, peer: accepted };
}

/** Writes until no more is accepted; the last piece waits in the test's own stream. Returns the number of bytes. */
async function fillPipe({ stdin, pid }: Piped): Promise<number> {
  let total = 0;
  // The rest in the test's own stream is sent as soon as there is space; a program that reads makes space.
  let looks = 0;
  const write = (): boolean => {
    looks = stdin.writableNeedDrain && isAsleep(pid) ? looks + 1 : 0;
    for (; !stdin.writableNeedDrain && total < MAX_UNDER_WAY_BYTES; total += CHUNK.length) stdin.write(CHUNK);
    return looks > 100 || total >= MAX_UNDER_WAY_BYTES;
  };
  await until(write, "the program to stop reading");
  return total;
}

async function received(peer: Socket): Promise<number> {
  let total = 0;
  for await (const chunk of peer) total += chunk.length;
  return total;
}

describe.for(["connect", "listen"])("%s", (command) => {
  describe.for(["tcp", "unix"])("%s", (kind) => {
    test.for(["silent", "full", "finished"])(
      "standard input is sent while the other direction is %s",
      async (state) => {
        const { own, peer } = await meet(command, kind);
        const sent = state === "full" ? await fillUnread(peer, own.pid) : 0;
        expect(sent).toBeLessThan(MAX_UNDER_WAY_BYTES);
        if (state === "finished") {
          peer.shutdown(SHUT_WR);
          expect(await readToEnd(own.stdout)).toBe(0);
        }
        for (let byte = 0; byte < ROUND_TRIPS; byte++) {
          own.stdin.write(Uint8Array.of(byte));
          expect([...(await peer.recv(2))]).toEqual([byte]);
        }
        own.stdin.end();
        expect(await peer.recv(1)).toHaveLength(0);
        if (state !== "finished") {
          peer.shutdown(SHUT_WR);
          expect(await readToEnd(own.stdout)).toBe(sent);
        }
        expect(await own.exitCode).toBe(0);
      },
    );

    test.for(["silent", "full", "finished"])("what comes is printed while the other direction is %s", async (state) => {
      const { own, peer } = await meet(command, kind);
      const written = state === "full" ? await fillPipe(own) : 0;
      expect(written).toBeLessThan(MAX_UNDER_WAY_BYTES);
      if (state === "finished") {
        own.stdin.end();
        expect(await peer.recv(1)).toHaveLength(0);
      }
      for (let byte = 0; byte < ROUND_TRIPS; byte++) {
        await peer.sendall(Uint8Array.of(byte));
        expect([...(await read(own.stdout, 2))]).toEqual([byte]);
      }
      peer.shutdown(SHUT_WR);
      expect(await read(own.stdout, 1)).toHaveLength(0);
      if (state !== "finished") {
        own.stdin.end();
        expect(await received(peer)).toBe(written);
      }
      expect(await own.exitCode).toBe(0);
    });
  });
});
