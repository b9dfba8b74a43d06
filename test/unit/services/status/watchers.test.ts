import { describe, expect, test } from "vitest";
import type { Sample } from "../../../../src/services/status/sample.ts";
import { Watchers } from "../../../../src/services/status/watchers.ts";

const NEVER = new AbortController().signal;

function sampleAt(timeMs: number): Sample {
  return { timeMs, subjects: {} };
}

function watching(maxWatchers = 10): { readonly watchers: Watchers; readonly tell: (timeMs: number) => void } {
  const samples: Sample[] = [];
  const watchers = new Watchers({ samples }, maxWatchers);
  const tell = (timeMs: number): void => {
    samples.push(sampleAt(timeMs));
    watchers.send(sampleAt(timeMs));
  };
  return { watchers, tell };
}

function streamOf(watchers: Watchers, stopping = NEVER): AsyncIterator<string> {
  const stream = watchers.admit(stopping)?.[Symbol.asyncIterator]();
  if (stream === undefined) throw new Error("the watcher was refused");
  return stream;
}

async function dataOf(stream: AsyncIterator<string>): Promise<unknown> {
  const { value } = (await stream.next()) as { readonly value: string };
  return [/^event: (.*)$/m.exec(value)?.[1], JSON.parse(/^data: (.*)$/m.exec(value)?.[1] ?? "null")];
}

describe("a watcher", () => {
  test("receives the whole history, then each new sample", async () => {
    const { watchers, tell } = watching();
    tell(1);
    tell(2);
    const stream = streamOf(watchers);
    expect(await dataOf(stream)).toEqual(["history", { timesMs: [1, 2], subjects: {} }]);
    const next = dataOf(stream);
    tell(3);
    expect(await next).toEqual(["sample", { timeMs: 3, subjects: {} }]);
  });

  test("that is slow receives only the newest sample", async () => {
    const { watchers, tell } = watching();
    const [slow, other] = [streamOf(watchers), streamOf(watchers)];
    await dataOf(slow);
    await dataOf(other);
    for (const timeMs of [1, 2, 3]) {
      const waiting = dataOf(other);
      tell(timeMs);
      expect(await waiting).toMatchObject(["sample", { timeMs }]);
    }
    expect(await dataOf(slow)).toMatchObject(["sample", { timeMs: 3 }]);
  });

  test("is refused beyond maxWatchers, until another one leaves", async () => {
    const { watchers } = watching(2);
    const [one] = [streamOf(watchers), streamOf(watchers)];
    expect(watchers.admit(NEVER)).toBe(undefined);
    await one.return?.();
    await one.return?.();
    expect(watchers.count).toBe(1);
    expect(watchers.admit(NEVER)).toBeDefined();
    expect(watchers.admit(NEVER)).toBe(undefined);
  });

  test.each([
    ["its server closes", (_: Watchers, stopping: AbortController) => stopping.abort()],
    ["the service stops", (watchers: Watchers) => watchers.close()],
  ])("receives the end of the stream when %s", async (_, end) => {
    const { watchers } = watching();
    const stopping = new AbortController();
    const stream = streamOf(watchers, stopping.signal);
    await dataOf(stream);
    const next = stream.next();
    end(watchers, stopping);
    expect(await next).toEqual({ done: true, value: undefined });
    expect(watchers.count).toBe(0);
  });

  test("can leave while it waits for a sample", async () => {
    const { watchers } = watching();
    const stream = streamOf(watchers);
    await dataOf(stream);
    const next = stream.next();
    await stream.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("is not admitted once the service has stopped", () => {
    const { watchers } = watching();
    watchers.close();
    expect(watchers.admit(NEVER)).toBe(undefined);
  });
});
