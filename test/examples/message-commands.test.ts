// The programs of sticky packets, the chat and the chat room as commands: their arguments, and their exit.
import { describe, expect, onTestFinished, test } from "vitest";
import { socket } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { program, startProgram, startServer } from "./tutorial.ts";

const servers = ["sticky-server", "framed-server", "chat-server", "chat-room"];
const clients = ["sticky-client", "framed-client", "chat-client"];

/** One line on standard error, without a stack trace, and nothing on standard output. */
async function expectOneLine(child: Child, code: number): Promise<string> {
  expect(await child.exit()).toEqual({ code, signal: null });
  expect(child.stdout).toBe("");
  expect(child.stderr).toMatch(/^\S[^\n]*\n$/);
  return child.stderr.trimEnd();
}

/** A port that stays in use until the test ends. */
function takenPort(isListening: boolean): number {
  const holder = socket();
  onTestFinished(() => holder.close());
  holder.bind({ host: "127.0.0.1", port: 0 });
  if (isListening) holder.listen();
  return holder.getsockname().port ?? expect.unreachable();
}

test.for([...servers, ...clients])("%s explains what is wrong with its argument", async (name, context) => {
  // The input stays open: the program does not wait for its end.
  const child = await startProgram(context, "TypeScript", name, ["8000"]);
  const usage = `Usage: node dist/examples/${name}.js [HOST:PORT]`;
  expect(await expectOneLine(child, 2)).toBe(`"8000" is not HOST:PORT. ${usage}`);
});

describe.each(servers)("%s", (name) => {
  test("reports that its port is in use", async (context) => {
    const child = await startProgram(context, "TypeScript", name, [`127.0.0.1:${takenPort(true)}`]);
    expect(await expectOneLine(child, 1)).toMatch(/^bind EADDRINUSE.*; give another address$/);
  });

  test.for(["SIGINT", "SIGTERM"] as const)("ends with %s and exit code 0", async (signal, context) => {
    const { child } = await startServer(context, "TypeScript", name);
    child.kill(signal);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toMatch(/^listening on \S+\n$/);
  });
});

test.for(clients)("%s reports that nothing listens", async (name, context) => {
  const child = await startProgram(context, "TypeScript", name, [`127.0.0.1:${takenPort(false)}`]);
  expect(await expectOneLine(child, 1)).toMatch(/ECONNREFUSED.*: nobody listens there; start the server first$/);
});

// In a network namespace of their own, where no port is in use.
test.for([
  ["sticky-server", "sticky-client", /^4 messages sent; the server got 19 bytes in \d read/],
  ["framed-server", "framed-client", /^4 messages sent; the server got 19 bytes in 4 message/],
  ["chat-server", "chat-client", /^127\.0\.0\.1:8000 is here\.$/],
  ["chat-room", "chat-client", /^127\.0\.0\.1:8000: What is your name\?$/],
] as const)("%s and %s find each other without arguments", async ([name, clientName, said], context) => {
  const [unshare, ip] = [requireTool(context, "network namespaces"), requireTool(context, "ip")];
  const inside = ["sh", "-c", `${ip} link set lo up && exec "$@"`, "sh"];
  const server = await startChild(unshare, ["--net", ...inside, process.execPath, program(name)]);
  await server.line(/^Waiting for connection\.\.\.$/);
  const beside = ["-t", String(server.pid), "-n", process.execPath, program(clientName)];
  const client = await startChild("nsenter", beside);
  await client.line(said);
  client.stdin.end();
  expect(await client.exit()).toEqual({ code: 0, signal: null });
  server.kill("SIGINT");
  expect(await server.exit()).toEqual({ code: 0, signal: null });
  expect(server.stderr + client.stderr).toBe("");
});
