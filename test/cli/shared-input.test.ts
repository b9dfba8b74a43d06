// The starter of the command shares its standard input: O_NONBLOCK is unchanged when the command has ended.
import { expect, onTestFinished, test } from "vitest";
import { socket } from "../../src/index.ts";
import { startChild } from "../support/child.ts";
import { program } from "./sockwright.ts";

/** Starts `sockwright` with the given kind of standard input, ends it, and prints whether O_NONBLOCK is set before and after. */
const SCRIPT = `import os, signal, socket, subprocess, sys
kind, before, how, *command = sys.argv[1:]
if kind == "pipe":
    its, ours = os.pipe()
elif kind == "udp":
    pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    pair[0].bind(("127.0.0.1", 0))
    its, ours = [each.detach() for each in pair]
else:
    types = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "seqpacket": socket.SOCK_SEQPACKET}
    its, ours = [each.detach() for each in socket.socketpair(socket.AF_UNIX, types[kind])]
os.set_blocking(its, before == "blocking")
child = subprocess.Popen(command, stdin=its, stderr=subprocess.DEVNULL)
if how == "end":
    os.close(ours)
elif how != "time-out":
    input()
    child.send_signal(getattr(signal, how))
code = child.wait()
print("blocking" if os.get_blocking(its) else "non-blocking", code, flush=True)`;

test.for([
  ["pipe", "blocking", "time-out", 3],
  ["pipe", "non-blocking", "time-out", 3],
  ["pipe", "blocking", "SIGTERM", 143],
  ["pipe", "blocking", "end", 0],
  ["stream", "blocking", "SIGINT", 130],
  ["dgram", "blocking", "time-out", 3],
  ["seqpacket", "blocking", "end", 0],
  ["seqpacket", "non-blocking", "SIGTERM", 143],
  ["udp", "blocking", "SIGTERM", 143],
] as const)("%s, %s, %s", async ([kind, before, how, code]) => {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const url = `tcp://127.0.0.1:${listener.listen().getsockname().port}`;
  const limit = how === "time-out" ? ["--idle-timeout", "50ms"] : ["--wait", "0"];
  const args = ["-c", SCRIPT, kind, before, how, process.execPath, program, "connect", url, ...limit];
  const child = await startChild("python3", args);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  child.stdin.end("\n");
  const [, flag, ended] = await child.line(/^(\S+) (\d+)$/);
  expect([flag, Number(ended)]).toEqual([before, code]);
});
