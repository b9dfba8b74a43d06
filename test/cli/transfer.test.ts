// Large data passes through both commands unchanged, and memory does not grow with it.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { requireTool } from "../support/tools.ts";
import { freeFolder, startInShell } from "./sockwright.ts";

const FILE_BYTES = 32 * 1024 * 1024;
/** A limit for the resident memory, far below the amount of data. */
const MAX_MEMORY_KB = 160 * 1024;

function fileIn(folder: string, bytes: number): { path: string; digest: string } {
  const data = randomBytes(bytes);
  const path = join(folder, "file");
  writeFileSync(path, data);
  return { path, digest: createHash("sha256").update(data).digest("hex") };
}

describe.for(["tcp://127.0.0.1:0", "unix:@", "unix-seqpacket:@"])("%s", (base) => {
  const url = base.endsWith("@") ? `${base}sockwright-transfer-${process.pid}` : base;

  test("connect < file, listen | sha256sum", async () => {
    const { path, digest } = fileIn(freeFolder(), FILE_BYTES);
    const listener = await startInShell("{ sockwright listen $1 2>&3 </dev/null | sha256sum; } 3>&1", url);
    const [, real = ""] = await listener.line(/^listening on (.+)$/);
    const sender = await startInShell('sockwright connect "$1" <"$2"', real, path);
    await listener.line(new RegExp(`^${digest} `));
    expect(await sender.exit()).toEqual({ code: 0, signal: null });
    expect(await listener.exit()).toEqual({ code: 0, signal: null });
    expect(sender.stderr).toBe("");
  });

  test("listen < file, connect > file", async () => {
    const folder = freeFolder();
    const { path } = fileIn(folder, FILE_BYTES);
    const listener = await startInShell('sockwright listen "$1" <"$2" 2>&1', url, path);
    const [, real = ""] = await listener.line(/^listening on (.+)$/);
    const receiver = await startInShell('sockwright connect "$1" </dev/null >"$2"', real, `${folder}/copy`);
    expect(await receiver.exit()).toEqual({ code: 0, signal: null });
    expect(await listener.exit()).toEqual({ code: 0, signal: null });
    expect(readFileSync(`${folder}/copy`).equals(readFileSync(path))).toBe(true);
  });
});

test("memory use does not depend on the amount of data", async (context) => {
  const python = requireTool(context, "python3");
  const script = "{ sockwright listen tcp://127.0.0.1:0 2>&3 </dev/null | { read -r; cat >/dev/null; }; } 3>&1";
  const listener = await startInShell(script);
  const [, url = ""] = await listener.line(/^listening on (.+)$/);
  // wait4(2) returns the maximum resident set size of the program.
  const measured = `
import os, sys
pid = os.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print("peak", usage.ru_maxrss, os.waitstatus_to_exitcode(status), flush=True)`;
  const sender = await startInShell(
    `{ echo; head -c ${8 * FILE_BYTES} /dev/zero; } | "$1" -c "$2" sockwright connect "$3"`,
    python,
    measured,
    url,
  );
  const [, peak, code] = await sender.line(/^peak (\d+) (\d+)$/);
  expect(code).toBe("0");
  expect(Number(peak)).toBeLessThan(MAX_MEMORY_KB);
  expect((await listener.exit()).code).toBe(0);
});
