// An option that no list has would be refused, and a call without a list would take any: both are found here.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

function textsOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("cli/"))
    .map((file) => readFileSync(join(root, folder, file), "utf8"));
}

// What stands in a docstring is an example.
const sources = textsOf("src")
  .join("\n")
  .replace(/^ *\*.*$/gm, "");
const tables = textsOf("test/behaviour").join("\n");

/** Those of functions and constructors inside, which get them from a public one, or from Node. */
const INSIDE = new Set([
  ...["ConnectSocketOptions", "ListenSocketOptions", "TcpOptions", "UrlOptions"],
  ...["ErrorOptions", "ListenOptions", "ServerOptions"],
  ...["ChatPagesOptions", "HistoryOptions", "HubOptions", "LineEndpointOptions", "MessageRateOptions", "PageOptions"],
  ...[
    "AppendOptions",
    "InboxOptions",
    "LocalStoreOptions",
    "ReceiverOptions",
    "ReceiverSessionOptions",
    "SenderOptions",
    "ReceiveOptions",
    "SamplerOptions",
    "SayOptions",
    "WebSocketEndpointOptions",
  ],
]);

function found(pattern: RegExp): readonly string[] {
  return [...new Set([...sources.matchAll(pattern)].map(([, name = ""]) => name))].sort();
}

describe("options of calls", () => {
  const types = found(/\boptions\??: (\w+Options)\b/g).filter((name) => !INSIDE.has(name));

  test("are of types that have a list of their names, or a table of what each can be", () => {
    expect(types.length).toBeGreaterThan(20);
    const isListed = (name: string): boolean =>
      sources.includes(`: OptionNames<${name}>`) || sources.includes(`satisfies OptionKindsOf<${name}>`);
    expect(types.filter((name) => !isListed(name))).toEqual([]);
  });

  test("have an object type with a name", () => {
    expect(found(/\boptions\??: (\{[^}$]*\})/g)).toEqual(["{ readonly flags?: number | undefined }"]);
  });
});

describe("calls with options", () => {
  const calls = found(/(?:check(?:Options|Wait)|\.checkGiven|\.check)\(\s*"([\w.]+\(\)|a listener)"/g);

  test("are in a table of test/behaviour/", () => {
    expect(calls.length).toBeGreaterThan(25);
    expect(calls.filter((call) => !tables.includes(`"${call}"`))).toEqual([]);
  });
});
