// readUntil() searches each byte once, no matter how late the delimiter arrives. The test counts bytes, not time.
import { expect, onTestFinished, test, vi } from "vitest";
import { Connection } from "../../../src/server/connection/connection.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";

/** Returns how many bytes were searched while `bytes` arrived in pieces without a delimiter, and then a delimiter. */
async function work(bytes: number, pieceBytes: number): Promise<number> {
  let count = 0;
  const { indexOf } = Buffer.prototype;
  const searching = vi.spyOn(Buffer.prototype, "indexOf").mockImplementation(function (this: Buffer, ...args) {
    count += Math.max(0, this.length - (typeof args[1] === "number" ? args[1] : 0));
    return Reflect.apply(indexOf, this, args);
  });
  onTestFinished(() => searching.mockRestore());
  const link = new ScriptedLink();
  const connection = new Connection(link);
  const line = connection.readUntil("\r\n", { maxBytes: 16 * 1024 * 1024 });
  for (let sent = 0; sent < bytes; sent += pieceBytes) link.input?.onReceived(Buffer.alloc(pieceBytes, "x"));
  link.input?.onReceived(Buffer.from("\r"));
  link.input?.onReceived(Buffer.from("\n"));
  expect((await line)?.length).toBe(bytes + 2);
  connection.abort();
  searching.mockRestore();
  return count;
}

test.each([16 * 1024, 64 * 1024])(
  "4 MiB without a delimiter in pieces of %i bytes are searched once",
  async (pieceBytes) => {
    const bytes = 4 * 1024 * 1024;
    expect(await work(bytes, pieceBytes)).toBeLessThan(1.1 * bytes);
  },
);
