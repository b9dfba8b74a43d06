// Lines that are typed faster than they are sent, and lines that come back with the arrow keys.
import { PassThrough } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { TerminalScreen } from "../../../../src/cli/chat/terminal-screen.ts";
import type { TerminalStreams } from "../../../../src/cli/standard-streams.ts";
import { until } from "../../../support/until.ts";

function screenOfTest(): { screen: TerminalScreen; input: PassThrough; output: PassThrough } {
  const [input, output] = [new PassThrough(), Object.assign(new PassThrough(), { columns: 80, rows: 24 })];
  const streams = { input, output } as unknown as TerminalStreams;
  const plain = { received: (line: string) => line, notice: (line: string) => line };
  const screen = new TerminalScreen(streams, { style: plain, complete: () => [[], ""], keepsTyped: false });
  onTestFinished(() => screen.close());
  return { screen, input, output };
}

test("10 000 lines wait to be sent; further ones are refused until a line has been taken", async () => {
  const { screen, input, output } = screenOfTest();
  let written = "";
  output.on("data", (bytes: Buffer) => {
    written += bytes.toString();
  });
  const refusals = (): number => written.split("-- Not sent: 10000 lines are already waiting.\n").length - 1;
  const typed = async (...lines: readonly (string | number)[]): Promise<void> => {
    input.write(`${lines.join("\r")}\rend`);
    await until(() => written.endsWith("end"), "what was typed");
    input.write("\x15");
    await until(() => !written.endsWith("end"), "an empty line");
  };
  await typed(...Array(10_000).keys());
  expect(refusals()).toBe(0);
  await typed("too much");
  expect(refusals()).toBe(1);
  const lines = screen.lines();
  expect(await lines.next()).toEqual({ done: false, value: "0" });
  await typed("fits", "too much again");
  expect(refusals()).toBe(2);
  screen.close();
  const rest: string[] = [];
  for await (const line of lines) rest.push(line);
  expect(rest.length).toBe(10_000);
  expect(rest.slice(-2)).toEqual(["9999", "fits"]);
});

test("HISTORY_LINES: the arrow keys bring back the newest 1 000 lines", async () => {
  const { screen, input, output } = screenOfTest();
  output.resume();
  const lines = screen.lines();
  const typed = Array.from({ length: 1_001 }, (_, number) => `line ${number}`);
  input.write(`${typed.join("\r")}\r`);
  for (const line of typed) expect(await lines.next()).toEqual({ done: false, value: line });
  const up = "\x1b[A";
  input.write(`${up.repeat(1_000)}\r`);
  expect(await lines.next()).toEqual({ done: false, value: "line 1" });
  // Above the oldest line is an empty one.
  input.write(`${up.repeat(1_001)}\r`);
  expect(await lines.next()).toEqual({ done: false, value: "" });
});
