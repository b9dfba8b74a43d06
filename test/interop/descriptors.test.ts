// Descriptors that Sockwright and Python's socket.send_fds and recv_fds pass to each other.
import { once } from "node:events";
import { closeSync, createReadStream, writeSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { AF_UNIX, recv_fds, type Socket, send_fds, socket, socketpair } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";

/** A Python program that connects to the abstract name in its argument, and then runs the code that follows. */
const CONNECT = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect("\\0" + sys.argv[1])
`;

async function startTool(program: string, code: string): Promise<readonly [Socket, Child]> {
  const listener = socket(AF_UNIX);
  onTestFinished(() => listener.close());
  listener.bind({ path: "" });
  listener.listen();
  const { abstract } = listener.getsockname();
  const child = await startChild(program, ["-B", "-c", CONNECT + code, String(abstract)]);
  const [peer] = await listener.accept();
  onTestFinished(() => peer.close());
  return [peer, child];
}

test("Python receives descriptors from Sockwright, and writes through them", async (context) => {
  const [peer, child] = await startTool(
    requireTool(context, "python3"),
    `
data, fds, flags, address = socket.recv_fds(s, 100, 4)
print(data.decode(), len(fds), flags & socket.MSG_CTRUNC, flush=True)
for fd in fds:
  os.write(fd, b"written by Python")
`,
  );
  const pairs = [socketpair(), socketpair()];
  onTestFinished(() => pairs.flat().forEach((each) => void each.close()));
  const theirs = pairs.map(([, right]) => right);
  await send_fds(peer, ["two of them"], [theirs[0] ?? -1, theirs[1]?.fileno() ?? -1]);
  await child.line(/^two of them 2 0$/);
  for (const [left] of pairs) expect(String(await left.recv(100))).toBe("written by Python");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});

test("Sockwright receives descriptors from Python, and reads and writes through them", async (context) => {
  const [peer, child] = await startTool(
    requireTool(context, "python3"),
    `
out_reader, out_writer = os.pipe()
in_reader, in_writer = os.pipe()
socket.send_fds(s, [b"a pipe ", b"and another"], [out_reader, in_writer])
os.close(out_reader), os.close(in_writer)
os.write(out_writer, b"from Python")
os.close(out_writer)
print(os.read(in_reader, 100).decode(), flush=True)
`,
  );
  const { data, fds, flags, address } = await recv_fds(peer, 100, 8);
  const [reader = -1, writer = -1] = fds;
  expect([String(data), fds.length, flags, address]).toEqual(["a pipe and another", 2, 0, undefined]);
  writeSync(writer, "from here\n");
  closeSync(writer);
  const stream = createReadStream("", { fd: reader });
  let text = "";
  stream.on("data", (chunk) => {
    text += chunk;
  });
  await once(stream, "close");
  expect(text).toBe("from Python");
  await child.line(/^from here$/);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});
