import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { startChild } from "./child.ts";

function sh(script: string) {
  return startChild("sh", ["-c", script]);
}

/** Registered before the child starts, and so run after the child has ended. */
function expectGoneAtTheEnd(): (...pids: number[]) => void {
  let expected: number[] = [];
  onTestFinished(async () => {
    expect(expected).toHaveLength(2);
    for (const pid of expected) await expect.poll(() => isRunning(pid)).toBe(false);
  });
  return (...pids) => {
    expected = pids;
  };
}

/** proc(5): a killed process that its parent has not waited for is a zombie, Z. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("line() returns the groups of a line, and passes over the lines before it", async () => {
  const child = await sh("echo starting; echo listening on 4242; cat");
  expect((await child.line(/^listening on (\d+)$/))[1]).toBe("4242");
});

test("line() returns each line once, in order", async () => {
  const child = await sh("echo a1; echo a2");
  expect((await child.line(/^a/))[0]).toBe("a");
  expect((await child.line(/^a(.)/))[1]).toBe("2");
});

test("bytes written to standard input arrive", async () => {
  const child = await sh("read word; echo got $word");
  child.stdin.end("hello\n");
  expect((await child.line(/^got/))[0]).toBe("got");
  expect(child.stdout).toBe("got hello\n");
});

test("output that ends without the line rejects with the output", async () => {
  const child = await sh("echo one; echo two >&2");
  await expect(child.line(/^three$/)).rejects.toThrow(/no line \/\^three\$\/\none\n/);
});

test("exit() resolves after all output has been read", async () => {
  const child = await sh("echo out; echo err >&2; exit 7");
  expect(await child.exit()).toEqual({ code: 7, signal: null });
  expect(child.stdout).toBe("out\n");
  expect(child.stderr).toBe("err\n");
});

test("exit() reports the signal that ended the child", async () => {
  const child = await sh("echo ready; exec sleep 60");
  await child.line(/ready/);
  child.kill();
  expect(await child.exit()).toEqual({ code: null, signal: "SIGTERM" });
});

test("a child that still runs when the test ends is killed, with its own children", async () => {
  const expectGone = expectGoneAtTheEnd();
  const child = await sh("trap '' TERM INT HUP; sleep 60 & echo $$ $!; wait");
  const [, shell, sleep] = await child.line(/^(\d+) (\d+)$/);
  expectGone(Number(shell), Number(sleep));
  expect([shell, sleep].map((pid) => isRunning(Number(pid)))).toEqual([true, true]);
});

test("a program that does not exist rejects at once", async () => {
  await expect(startChild("sockwright-nonesuch", [])).rejects.toMatchObject({ code: "ENOENT" });
});
