import { expect, test } from "vitest";
import { LinkStream } from "../../../../src/server/tls/link-stream.ts";
import { ScriptedLink } from "../../../support/scripted-link.ts";
import { nextTick, turn } from "../../../support/until.ts";

function streamOver(link = new ScriptedLink(), unread = Buffer.alloc(0)) {
  const stream = new LinkStream(link, unread);
  const received: string[] = [];
  stream.on("data", (bytes: Buffer) => received.push(String(bytes)));
  return { link, stream, received };
}

test("unread bytes come first, then those of the link, and all count", async () => {
  const { stream, received } = streamOver(undefined, Buffer.from("a"));
  stream.onReceived(Buffer.from("b"));
  await turn();
  stream.onReceived(Buffer.from("c"));
  expect(received.join("")).toBe("abc");
  expect([stream.bytesReceived, stream.isAwaited]).toEqual([3, true]);
});

test("bytes are lent: those that are kept for later are copied", async () => {
  const { stream, received } = streamOver();
  await turn();
  stream.onReceived(Buffer.from("first"));
  stream.pause();
  const lent = Buffer.from("lent");
  stream.onReceived(lent);
  lent.fill("x");
  stream.resume();
  await turn();
  expect(received.join("")).toBe("firstlent");
});

test("a paused stream pauses the link, and a resumed one resumes it", () => {
  const { link, stream } = streamOver();
  link.calls.length = 0;
  stream.pause();
  stream.resume();
  expect(link.calls).toEqual(["pause", "resume"]);
});

test("a stream whose buffer is full pauses the link", () => {
  const link = new ScriptedLink();
  const stream = new LinkStream(link, Buffer.alloc(0));
  stream.onReceived(Buffer.alloc(stream.readableHighWaterMark));
  expect(link.calls).toContain("pause");
});

test("the end is told once the bytes before it are read", async () => {
  const { stream, received } = streamOver();
  const ends: [string, boolean][] = [];
  stream.on("end", () => ends.push([received.join(""), stream.hasEnded]));
  stream.pause();
  stream.onReceived(Buffer.from("last"));
  stream.onEnd();
  await turn();
  expect([ends, stream.hasEnded]).toEqual([[], false]);
  stream.resume();
  await turn();
  expect(ends).toEqual([["last", true]]);
});

test("a write settles once the link has taken all of it, in pieces of any size", async () => {
  for (const room of [1, 3, 4, 5, 7]) {
    const { link, stream } = streamOver();
    let written = 0;
    link.room = room;
    stream.cork();
    for (const piece of ["abc", "", "defg"]) stream.write(Buffer.from(piece), () => void written++);
    stream.uncork();
    for (let rounds = 0; Buffer.concat(link.sent).length < 7 && rounds < 10; rounds++) {
      await nextTick();
      expect([written, link.calls.includes("awaitWritable")]).toEqual([0, true]);
      link.room = room;
      stream.onWritable();
    }
    await turn();
    expect([String(Buffer.concat(link.sent)), written]).toEqual(["abcdefg", 3]);
  }
});

test("a link that throws fails the write", async () => {
  const { link, stream } = streamOver();
  stream.on("error", () => undefined);
  const broken = new Error("EPIPE");
  link.send = () => {
    throw broken;
  };
  const error = await new Promise((resolve) => void stream.write(Buffer.from("a"), resolve));
  expect(error).toBe(broken);
});

test("end ends the link; destroy closes it, and with an error aborts it, and the owner hears no more", async () => {
  const ended = streamOver();
  ended.stream.end();
  await turn();
  expect(ended.link.calls).toContain("end");
  const closed = streamOver();
  const told: Error[] = [];
  closed.stream.owner = { onBaseError: (error) => told.push(error) };
  closed.stream.onError(new Error("lost"));
  closed.stream.destroy();
  closed.stream.onError(new Error("again"));
  expect([told.map(String), closed.link.calls.at(-1)]).toEqual([["Error: lost"], "close"]);
  const aborted = streamOver();
  aborted.stream.on("error", () => undefined).destroy(new Error("why"));
  expect(aborted.link.calls.at(-1)).toBe("abort");
});

test("setReferenced: bytes that wait keep the process alive in any case", () => {
  const { link, stream } = streamOver();
  const told: boolean[] = [];
  Object.assign(link, { setReferenced: (isOn: boolean) => void told.push(isOn) });
  stream.setReferenced(false);
  expect(told.splice(0)).toEqual([false]);
  link.room = 0;
  stream.write(Buffer.from("waits"));
  expect(told.splice(0)).toEqual([true]);
  stream.setReferenced(false);
  expect(told.splice(0)).toEqual([]);
  link.room = 100;
  stream.onWritable();
  expect(told).toEqual([false]);
});
