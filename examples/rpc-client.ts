// Three calls at once, the first takes longest: node dist/examples/rpc-client.js [HOST:PORT]
import { connect } from "sockwright/server";
import { addressArgument } from "./address.ts";
import { run } from "./command.ts";
import { type Answer, answers } from "./rpc.ts";

const CALL_MS = Number(process.env["CALL_MS"] ?? 5_000);

class LateError extends Error {
  readonly code = "LATE";
}

await run(async () => {
  const { host, port } = addressArgument(8000);
  await using connection = await connect(`tcp://${host}:${port}`, { timeoutMs: CALL_MS });
  const frames = connection.frames(answers);
  const waiting = new Map<number, (answer: Answer) => void>();
  const call = (method: string, ...params: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = waiting.size + 1;
      const late = connection.deadline("call", () => reject(new LateError(`${method}: no answer`)));
      late.start(CALL_MS);
      waiting.set(id, (answer) => {
        late.cancel();
        if ("error" in answer) reject(new Error(answer.error));
        else resolve(answer.result);
      });
      frames.write({ id, method, params });
    });
  void frames.onFrame((answer) => waiting.get(answer.id)?.(answer));
  const show = (what: string) => (result: unknown) => console.log(`${what}: ${String(result)}`);
  await Promise.all([
    call("sleep", 500).then(show("sleep 500")),
    call("add", 1, 2).then(show("add 1 2")),
    call("echo", "hi").then(show("echo hi")),
  ]);
});
