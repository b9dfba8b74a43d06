// The same subclass of each class with a mixin, in Python and here: both record every hook, and the test compares them.
import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test, vi } from "vitest";
import { type BaseServer, DatagramRequestHandler, StreamRequestHandler } from "../../../src/socketserver.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";
import { addressFor, byModule, FORKING, folder, isStream, send, THREADING } from "./mixin-servers.ts";

const TRACER = fileURLToPath(new URL("../../tools/socketserver_mixins.py", import.meta.url));

const CASES = ["serve", "refuse", "throw", "throw-in-setup", "handle", "timeout"] as const;
const HOOKS = [
  ...["server_bind", "server_activate", "server_close", "get_request", "verify_request", "process_request"],
  ...["process_request_thread", "finish_request", "shutdown_request", "close_request", "handle_error"],
  ...["handle_timeout", "service_actions", "collect_children"],
];
const OF_HANDLER = ["setup", "handle", "finish"];

type Case = (typeof CASES)[number];
type ServerName = keyof typeof THREADING | keyof typeof FORKING;

/** The hooks called in the loop, in the task of each request, and in each child process or thread, in order. */
interface Traces {
  loop: string[];
  tasks: string[][];
  children: string[][];
}

async function inPython(context: TestContext, server: ServerName, which: Case): Promise<Traces> {
  const child = await startChild(requireTool(context, "python3"), ["-B", TRACER, server, which]);
  const [line] = await child.line(/^{.*}$/);
  return JSON.parse(line);
}

/** Runs the case here. A handler by module records its own hooks in a file. */
async function here(name: ServerName, which: Case, isByModule: boolean): Promise<Traces> {
  const log = join(folder(), "log");
  vi.stubEnv("HOOK_LOG", log);
  vi.stubEnv("HOOK_CASE", which);
  const traces: Traces = { loop: [], tasks: [], children: [] };
  const own = new AsyncLocalStorage<string[]>();
  const note = (hook: string): void => void (own.getStore() ?? traces.loop).push(hook);
  const Server = { ...THREADING, ...FORKING }[name];
  const Traced = class extends (Server as typeof THREADING.ThreadingTCPServer) {};
  for (const hook of HOOKS) {
    const original: unknown = Reflect.get(Server.prototype, hook);
    if (typeof original !== "function") continue;
    const value = function (this: BaseServer, ...args: unknown[]): unknown {
      const call = (): unknown => {
        note(hook);
        if (hook === "verify_request" && which === "refuse") return false;
        return hook === "handle_error" ? undefined : Reflect.apply(original, this, args);
      };
      if (hook !== "process_request_thread") return call();
      const trace: string[] = [];
      traces.tasks.push(trace);
      return own.run(trace, call);
    };
    Object.defineProperty(Traced.prototype, hook, { value });
  }
  const server = new Traced(addressFor(name), handlerOf(name, which, isByModule, note));
  await server.bind_and_activate();
  await run(server, which);
  await server.server_close();
  if (existsSync(log)) traces.children = notes(readFileSync(log, "ascii"));
  return traces;
}

function handlerOf(name: ServerName, which: Case, isByModule: boolean, note: (hook: string) => void) {
  const isOfStreams = name.includes("TCP") || name.includes("Stream");
  if (isByModule) return byModule(isOfStreams ? "TracedStream" : "TracedDatagram", "traced-handlers.mjs");
  return (isOfStreams ? tracedStream : tracedDatagram)(which, note) as ReturnType<typeof tracedStream>;
}

function tracedStream(which: Case, note: (hook: string) => void) {
  return class extends StreamRequestHandler {
    override async setup(): Promise<void> {
      note("setup");
      await super.setup();
      if (which === "throw-in-setup") throw new Error("thrown");
    }
    override async handle(): Promise<void> {
      note("handle");
      if (which === "throw") throw new Error("thrown");
      await this.wfile.write(await this.rfile.readline());
    }
    override async finish(): Promise<void> {
      note("finish");
      await super.finish();
    }
  };
}

function tracedDatagram(which: Case, note: (hook: string) => void) {
  return class extends DatagramRequestHandler {
    override async setup(): Promise<void> {
      note("setup");
      await super.setup();
      if (which === "throw-in-setup") throw new Error("thrown");
    }
    override async handle(): Promise<void> {
      note("handle");
      if (which === "throw") throw new Error("thrown");
      await this.wfile.write(await this.rfile.readline());
    }
    override async finish(): Promise<void> {
      note("finish");
      await super.finish();
    }
  };
}

async function run(server: InstanceType<typeof THREADING.ThreadingTCPServer>, which: Case): Promise<void> {
  if (which === "timeout") {
    server.timeout = 1;
    await server.handle_request();
  } else if (which === "serve") {
    const serving = server.serve_forever();
    await send(server, "hello\n");
    await send(server, "hello\n");
    await server.shutdown();
    await serving;
  } else {
    const isAnswered = isStream(server) || which === "handle" || which === "throw";
    await Promise.all([server.handle_request(), send(server, "hello\n", isAnswered)]);
  }
}

/** The hooks of each thread or process, in the order in which they began. */
function notes(log: string): string[][] {
  const traces = new Map<string, string[]>();
  for (const line of log.trim().split("\n")) {
    const [who = "", hook = ""] = line.split(" ");
    traces.set(who, [...(traces.get(who) ?? []), hook]);
  }
  return [...traces.values()];
}

/** How often the loop finds nothing to do depends on timing. */
function withoutRepeats(loop: readonly string[]): string[] {
  return loop
    .join(" ")
    .replaceAll(/\b(service_actions(?: collect_children)?)(?: \1)+/g, "$1")
    .split(" ");
}

function without(hooks: readonly string[], trace: readonly string[]): string[] {
  return trace.filter((hook) => !hooks.includes(hook));
}

function only(hooks: readonly string[], trace: readonly string[]): string[] {
  return trace.filter((hook) => hooks.includes(hook));
}

describe.each(Object.keys(THREADING) as (keyof typeof THREADING)[])("%s", (name) => {
  test.for(CASES)("calls the hooks in Python's order: %s", async (which, context) => {
    const [python, ours] = await Promise.all([inPython(context, name, which), here(name, which, false)]);
    expect(withoutRepeats(ours.loop)).toEqual(withoutRepeats(python.loop));
    expect(ours.tasks).toEqual(python.tasks);
  });

  test.for(CASES)(
    "with a handler by module, calls the hooks in Python's order, and those of the handler in its thread: %s",
    async (which, context) => {
      const [python, ours] = await Promise.all([inPython(context, name, which), here(name, which, true)]);
      expect(withoutRepeats(ours.loop)).toEqual(withoutRepeats(python.loop));
      expect(ours.tasks).toEqual(python.tasks.map((trace) => without(OF_HANDLER, trace)));
      expect(ours.children.flat()).toEqual(python.tasks.flatMap((trace) => only(OF_HANDLER, trace)));
    },
  );
});

// The difference: the child runs only the handler's hooks, and the parent runs handle_error.
describe.each(Object.keys(FORKING) as (keyof typeof FORKING)[])("%s", (name) => {
  test.for(CASES)("calls the hooks in Python's order: %s", async (which, context) => {
    const [python, ours] = await Promise.all([inPython(context, name, which), here(name, which, true)]);
    expect(withoutRepeats(without(["handle_error"], ours.loop))).toEqual(withoutRepeats(python.loop));
    expect(only(["handle_error"], ours.loop)).toEqual(
      python.children.flatMap((trace) => only(["handle_error"], trace)),
    );
    expect(ours.children).toEqual(python.children.map((trace) => only(OF_HANDLER, trace)));
  });
});
