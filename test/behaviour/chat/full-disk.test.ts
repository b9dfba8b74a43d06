// The disk of a chat is full: the sender of a message learns that it was not stored, and no other member receives it.
// Then the disk has space again. It is a small tmpfs in a mount namespace of the process; the test reaches it by
// /proc/PID/root.
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { type Child, startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";
import { lineMember } from "./line-client.ts";
import { ChatClient } from "./web-sockets.ts";

const COMMAND = fileURLToPath(new URL("../../../dist/cli/sockwright.js", import.meta.url));
/** The test kills the first chat; the second one reads the history of the first. */
const SCRIPT = `mount -t tmpfs -o size=512k none "$1" && shift && { "$@" & echo "pid $!"; wait; exec "$@"; }`;
const NOT_STORED = "Not sent: it could not be stored.";

interface Endpoints {
  readonly lines: string;
  readonly socketUrl: string;
}

interface Disk {
  readonly pid: number;
  fill(): void;
  free(): void;
}

async function chatOnSmallDisk(context: TestContext): Promise<{ child: Child; disk: Disk; endpoints: Endpoints }> {
  const unshare = requireTool(context, "mount namespaces");
  const folder = mkdtempSync(join(tmpdir(), "sockwright-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const flags = ["--listen", "tcp://127.0.0.1:0", "--listen", "http://127.0.0.1:0/chat/"];
  const command = [process.execPath, COMMAND, "chat", ...flags, "--history", join(folder, "chat.db")];
  const child = await startChild(unshare, ["--mount", "sh", "-c", SCRIPT, "sh", folder, ...command]);
  const pid = Number((await child.line(/^pid (\d+)$/))[1]);
  const endpoints = await endpointsOf(child);
  const filler = join(`/proc/${pid}/root`, folder, "filler");
  return { child, endpoints, disk: { pid, fill: () => fillDisk(filler), free: () => rmSync(filler) } };
}

async function endpointsOf(child: Child): Promise<Endpoints> {
  const [, lines = ""] = await child.line(/^chat: listening on (tcp:.+)$/);
  const [, pages = ""] = await child.line(/^chat: listening on (http:.+)$/);
  return { lines, socketUrl: `${pages.replace("http:", "ws:")}ws` };
}

/** Fills the disk to the last byte. */
function fillDisk(path: string): void {
  for (let bytes = 64 * 1024; bytes >= 1; ) {
    try {
      appendFileSync(path, Buffer.alloc(bytes));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      bytes = Math.floor(bytes / 2);
    }
  }
}

test("a message that cannot be stored is refused at both endpoints and reaches no member, and the chat continues", async (context) => {
  const { child, disk, endpoints } = await chatOnSmallDisk(context);
  const rose = await lineMember(endpoints.lines, "rose");
  const think = await ChatClient.joined(endpoints, "think");
  expect(await rose.line()).toBe("-- think joined lobby");
  expect(await rose.ask("before")).toBe("<rose> before");
  think.say("kept", "t1");
  expect(await think.next("sent")).toMatchObject({ tag: "t1" });
  expect(await rose.line()).toBe("<think> kept");

  disk.fill();
  // No other line arrives between: the messages that were not stored reach no member.
  expect(await rose.ask("lost by lines")).toBe(`-- ${NOT_STORED}`);
  think.say("lost by frames", "t2");
  expect(await think.next("error")).toMatchObject({ code: "UNAVAILABLE", tag: "t2", message: NOT_STORED });
  expect(await rose.ask("/who")).toBe("-- lobby: rose, think");
  await child.line(/^chat: failed: .*full/);

  disk.free();
  expect(await rose.ask("after")).toBe("<rose> after");
  think.say("lost by frames, said again", "t2");
  expect(await think.next("sent")).toMatchObject({ tag: "t2" });
  expect(await rose.line()).toBe("<think> lost by frames, said again");
  const said = ["before", "kept", "after", "lost by frames, said again"];
  expect(think.texts).toEqual(said);

  process.kill(disk.pid, "SIGKILL");
  const reader = await ChatClient.open(await endpointsOf(child));
  const { history } = await reader.join("reader");
  expect((history as { text: string }[]).map(({ text }) => text)).toEqual(said);
});
