// Remote procedures over one connection: pipelined, and answered when ready, with the example's client and one in Python.

import { connect } from "node:net";
import { expect, test } from "vitest";
import { lengthPrefixed, mapFrames } from "../../src/codec.ts";
import { startChild } from "../support/child.ts";
import { connected } from "../support/connected.ts";
import { serving, urlOf } from "../support/serving.ts";
import { requireTool } from "../support/tools.ts";
import { lines, startProgram, startServer } from "./tutorial.ts";

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

const json = mapFrames(lengthPrefixed(), {
  decode: (frame): Answer => JSON.parse(String(frame)),
  encode: (value: unknown) => JSON.stringify(value),
});

test("a slow call of the client delays no other call", async (context) => {
  const { port } = await startServer(context, "TypeScript", "rpc-server");
  const client = await startProgram(context, "TypeScript", "rpc-client", [`127.0.0.1:${port}`]);
  expect(await client.exit()).toEqual({ code: 0, signal: null });
  expect(lines(client)).toEqual(["add 1 2: 3", "echo hi: hi", "sleep 500: awake"]);
  expect(client.stderr).toBe("");
});

test("a Python program pipelines a thousand calls, and matches each answer by its id", async (context) => {
  const { port } = await startServer(context, "TypeScript", "rpc-server");
  const program = `
import json, socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = s.makefile("rb")
def frame(call):
    data = json.dumps(call).encode()
    return struct.pack("!I", len(data)) + data
calls = [{"id": 0, "method": "sleep", "params": [300]}]
calls += [{"id": i, "method": "add", "params": [i, i]} for i in range(1, 1000)]
calls.append({"id": 1000, "method": "none", "params": []})
s.sendall(b"".join(map(frame, calls)))
s.shutdown(socket.SHUT_WR)
answers = []
while head := f.read(4): answers.append(json.loads(f.read(struct.unpack("!I", head)[0])))
print(len(answers), answers[-1])
byid = {a["id"]: a for a in answers}
print(all(byid[i]["result"] == 2 * i for i in range(1, 1000)), byid[1000])
`;
  const child = await startChild(requireTool(context, "python3"), ["-c", program, String(port)]);
  expect([await child.exit(), child.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  expect(child.stdout.split("\n")).toEqual([
    "1001 {'id': 0, 'result': 'awake'}",
    `True {'id': 1000, 'error': 'no method "none"'}`,
    "",
  ]);
});

test("one client may have a hundred calls in progress, and further calls wait", async (context) => {
  const { port } = await startServer(context, "TypeScript", "rpc-server");
  const client = await connected(`tcp://127.0.0.1:${port}`);
  const frames = client.frames(json);
  for (let id = 1; id <= 100; id++) frames.write({ id, method: "sleep", params: [id === 1 ? 300 : 60_000] });
  frames.write({ id: 101, method: "echo", params: ["behind them"] });
  expect([await frames.read(), await frames.read()]).toEqual([
    { id: 1, result: "awake" },
    { id: 101, result: "behind them" },
  ]);
  const other = await connected(`tcp://127.0.0.1:${port}`);
  const others = other.frames(json);
  others.write({ id: 1, method: "echo", params: ["beside them"] });
  expect(await others.read()).toEqual({ id: 1, result: "beside them" });
});

test.for([
  ["no JSON", Buffer.from("\0\0\0\x02{]", "latin1")],
  ["no call", Buffer.from('\0\0\0\x08{"id":1}', "latin1")],
  ["too much", Buffer.from("\x7f\xff\xff\xff", "latin1")],
] as const)("who sends %s is cut, and the server lives on", async ([, bytes], context) => {
  const server = await startServer(context, "TypeScript", "rpc-server");
  const bad = connect(server.port, "127.0.0.1");
  // A reset, or an end: the connection is cut.
  bad.on("error", () => undefined).resume();
  bad.write(bytes);
  await new Promise((resolve) => bad.once("close", resolve));
  await server.stderr(/^(?:map-frames|length-prefixed).*/m);
  const client = await connected(`tcp://127.0.0.1:${server.port}`);
  const frames = client.frames(json);
  frames.write({ id: 1, method: "add", params: [1, 1] });
  expect(await frames.read()).toEqual({ id: 1, result: 2 });
});

test("a call without an answer in time fails alone, and the client names it", async (context) => {
  const server = await serving(async (connection) => {
    const frames = connection.frames(json);
    for await (const { id } of frames) if (id > 1) frames.write({ id, result: "ok" });
  });
  const at = urlOf(server).replace("tcp://", "");
  const client = await startProgram(context, "TypeScript", "rpc-client", [at], { CALL_MS: "300" });
  expect(await client.exit()).toEqual({ code: 1, signal: null });
  expect(lines(client)).toEqual(["add 1 2: ok", "echo hi: ok"]);
  expect(client.stderr).toBe("sleep: no answer\n");
});
