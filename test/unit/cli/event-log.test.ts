import { expect, test } from "vitest";
import { EventLog, MAX_UNPRINTED_LINES } from "../../../src/cli/event-log.ts";
import type { StandardOutput } from "../../../src/cli/standard-output.ts";
import { turn } from "../../support/until.ts";

/** An output whose writes complete when the test calls `take`. */
function slowOutput(): { output: Pick<StandardOutput, "write">; writes: string[]; take: (error?: Error) => void } {
  const writes: string[] = [];
  let settle: (error?: Error) => void = () => undefined;
  const write = (bytes: Uint8Array): Promise<void> => {
    writes.push(Buffer.from(bytes).toString());
    return new Promise((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
  };
  return { output: { write }, writes, take: (error) => settle(error) };
}

test("lines that arrive during a write go out together in the next one", async () => {
  const { output, writes, take } = slowOutput();
  const log = new EventLog(output);
  for (const line of ["one", "two", "three"]) log.print(line);
  take();
  await turn();
  take();
  await log.printed();
  expect(writes).toEqual(["one\n", "two\nthree\n"]);
});

test("MAX_UNPRINTED_LINES: further lines are dropped, and the log reports their number", async () => {
  const { output, writes, take } = slowOutput();
  const log = new EventLog(output);
  log.print("first");
  for (let line = 0; line < MAX_UNPRINTED_LINES + 3; line++) log.print("x");
  take();
  await turn();
  take();
  await log.printed();
  const last = writes[1]?.trimEnd().split("\n") ?? [];
  expect(last).toHaveLength(MAX_UNPRINTED_LINES + 1);
  expect(last.at(-1)).toBe("sockwright: 3 lines were left out: their reader is too slow");
});

test("a reader that has gone away is not an error", async () => {
  const { output, writes, take } = slowOutput();
  const log = new EventLog(output);
  log.print("one");
  take(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  await log.printed();
  log.print("two");
  await log.printed();
  expect(writes).toEqual(["one\n"]);
});

test.each(["ENOSPC", "EDQUOT"])(
  "%s: lines that found no space are counted, and later lines are printed",
  async (code) => {
    const { output, writes, take } = slowOutput();
    const log = new EventLog(output);
    for (const line of ["one", "two"]) {
      log.print(line);
      take(Object.assign(new Error(`write ${code}`), { code }));
      await log.printed();
    }
    log.print("three");
    take();
    await log.printed();
    log.print("four");
    take();
    await log.printed();
    expect(writes.slice(2)).toEqual([
      "\nsockwright: 2 lines were left out: there was no space to write them\nthree\n",
      "four\n",
    ]);
  },
);
