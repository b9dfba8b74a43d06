// The same subclass in Python and here, in the same cases: the hooks are called in the same order.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, type TestContext, test } from "vitest";
import { requireTool } from "../../support/tools.ts";
import { type HookCase, type PlainClass, traceOf } from "./traced.ts";

const CLASSES: readonly PlainClass[] = ["TCPServer", "UDPServer", "UnixStreamServer", "UnixDatagramServer"];

function hookCase(name: string, run: HookCase["run"], rest: Partial<HookCase> = {}): HookCase {
  return { name, run, requests: 2, throws: [], refuses: false, ...rest };
}

const FAULTS = ["get_request", "process_request", "finish_request", "setup", "handle", "finish", "close_request"];

/** Cases with the same order in both languages. */
const SAME: readonly HookCase[] = [
  hookCase("handle_request, twice", "handle_request"),
  hookCase("handle_request with server_bind and server_activate by hand", "by_hand"),
  hookCase("handle_request without a request in time", "timeout", { requests: 0 }),
  hookCase("handle_request, refused by verify_request", "handle_request", { refuses: true }),
  ...FAULTS.map((name) => hookCase(`handle_request, ${name} throws`, "handle_request", { throws: [name] })),
  hookCase("handle_request, handle and finish throw", "handle_request", { throws: ["handle", "finish"] }),
  hookCase("serve_forever", "serve_forever"),
  hookCase("serve_forever, refused by verify_request", "serve_forever", { refuses: true }),
  ...FAULTS.map((name) => hookCase(`serve_forever, ${name} throws`, "serve_forever", { throws: [name] })),
  hookCase("an address that is in use", "in_use"),
  hookCase("server_activate throws", "handle_request", { throws: ["server_activate"] }),
];

/** Differences from Python: the request is also closed when handle_error or verify_request throws. */
const BETTER: readonly (readonly [HookCase, instead: readonly string[], python: readonly string[]])[] = [
  [
    hookCase("handle_error throws", "serve_forever", { throws: ["handle", "handle_error"] }),
    ["handle_error", "shutdown_request", "close_request", "server_close", "raised by handle_error"],
    ["handle_error", "server_close", "raised by handle_error"],
  ],
  [
    hookCase("verify_request throws", "serve_forever", { requests: 1, throws: ["verify_request"] }),
    ["verify_request", ...["handle_error", "shutdown_request", "close_request", "service_actions", "server_close"]],
    ["verify_request", "server_close", "raised by verify_request"],
  ],
];

type Traces = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

let traces: Promise<Traces> | undefined;

/** The traces of Python, for all classes and cases from one process. */
function pythonTraces(context: TestContext): Promise<Traces> {
  const program = fileURLToPath(new URL("../../tools/hook_trace.py", import.meta.url));
  const cases = [...SAME, ...BETTER.map(([each]) => each)];
  const args = ["-B", program, JSON.stringify(CLASSES), JSON.stringify(cases)];
  const python = requireTool(context, "python3");
  traces ??= promisify(execFile)(python, args).then(({ stdout }) => JSON.parse(stdout) as Traces);
  return traces;
}

describe.each(CLASSES)("%s", (name) => {
  test.for(SAME)("$name", async (each, context) => {
    const python = (await pythonTraces(context))[name]?.[each.name];
    expect(python?.length).toBeGreaterThan(2);
    expect(await traceOf(name, each)).toEqual(python);
  });

  test.for(BETTER)("closes the request, unlike Python: $0.name", async ([each, instead, before], context) => {
    const python = (await pythonTraces(context))[name]?.[each.name] ?? [];
    expect(python.slice(-before.length)).toEqual(before);
    expect(await traceOf(name, each)).toEqual([...python.slice(0, -before.length), ...instead]);
  });
});
