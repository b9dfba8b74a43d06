// Standard input may be a socket of any type: the command reads it, and sends each record as one.
import { expect, onTestFinished, test } from "vitest";
import { socket } from "../../src/index.ts";
import { startChild } from "../support/child.ts";
import { program } from "./sockwright.ts";

/** Starts `sockwright` with one end of the pair as its standard input, and writes two records to the other end. */
const SCRIPT = `import socket, subprocess, sys
kind, *command = sys.argv[1:]
if kind == "udp":
    ours, its = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    its.bind(("127.0.0.1", 0))
    ours.connect(its.getsockname())
else:
    types = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "seqpacket": socket.SOCK_SEQPACKET}
    ours, its = socket.socketpair(socket.AF_UNIX, types[kind])
child = subprocess.Popen(command, stdin=its)
its.close()
ours.send(b"one,")
ours.send(b"two")
input()
ours.close()
sys.exit(child.wait())`;

test.for(["stream", "dgram", "seqpacket", "udp"])("%s", async (kind) => {
  const listener = socket();
  onTestFinished(() => listener.close());
  listener.bind({ host: "127.0.0.1", port: 0 });
  const url = `tcp://127.0.0.1:${listener.listen().getsockname().port}`;
  const child = await startChild("python3", [
    "-c",
    SCRIPT,
    kind,
    process.execPath,
    program,
    "connect",
    url,
    "--wait",
    "0",
  ]);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  let text = "";
  while (text.length < 7) text += String(await peer.recv(64));
  expect(text).toBe("one,two");
  child.stdin.end("\n");
  if (kind === "stream" || kind === "seqpacket") expect(await peer.recv(1)).toHaveLength(0);
  else peer.close();
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe("");
});
