// Checks with stack traces that received bytes pass through exactly the functions in
// docs/internals/path-of-a-byte.md.
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import { socketpair } from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import type { ServeOptions } from "../../../src/server.ts";
import { read, section } from "../../repository/pages.ts";
import { connected } from "../../support/connected.ts";
import { serving } from "../../support/serving.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = read("docs/internals/path-of-a-byte.md");

afterEach(() => {
  vi.restoreAllMocks();
});

interface Hop {
  /** Such as "src/native/poller.ts dispatch". */
  readonly place: string;
  readonly isForDeadlines: boolean;
}

/** Returns the TypeScript functions in the list under a heading, without functions of the addon. */
function listed(heading: string): Hop[] {
  return [...section(page, heading).matchAll(/^\d+\. `(src\/[^`]+)` `(#?\w+)`: (.*)/gm)].map(
    ([, file, name, what = ""]) => ({
      place: `${file} ${name}`,
      isForDeadlines: what.startsWith("only with deadlines"),
    }),
  );
}

const toRecv = listed("## Layer 1, in").map(({ place }) => place);
const toBytes = listed("## Layer 2, in, to `onBytes`");
const toFrame = listed("## Layer 2, in, to `onFrame`");

function placesOf(hops: readonly Hop[], isTimed: boolean): string[] {
  return hops.filter(({ isForDeadlines }) => isTimed || !isForDeadlines).map(({ place }) => place);
}

/** Returns the project's functions on the call stack, the outermost first. */
function callers(): string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  let sites: readonly NodeJS.CallSite[] = [];
  Error.stackTraceLimit = 100;
  Error.prepareStackTrace = (_, found) => {
    sites = found;
    return "";
  };
  // Reading `stack` makes V8 call prepareStackTrace.
  const { stack } = new Error("where is this");
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  expect(stack).toBe("");
  const places = sites.map((site) => `${pathOf(site.getFileName() ?? "")} ${site.getFunctionName() ?? ""}`);
  return places.filter((place) => place.startsWith("src/")).reverse();
}

function pathOf(file: string): string {
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return path.startsWith(root) ? path.slice(root.length) : path;
}

function filesOf(places: readonly string[]): number {
  return new Set(places.map((place) => place.split(" ")[0])).size;
}

test("layer 1: from the poller to recv(2)", async () => {
  const [left, right] = socketpair();
  onTestFinished(() => {
    left.close();
    right.close();
  });
  const { recv } = kernel;
  const ways: string[][] = [];
  const received = right.recv(16);
  // The spy starts when the call waits: the caller makes the first attempt, the poller the next.
  vi.spyOn(kernel, "recv").mockImplementation((...call) => {
    ways.push(callers());
    return recv(...call);
  });
  await left.sendall("!");
  expect(String(await received)).toBe("!");
  const last = "src/native/transfer-frame.ts recv";
  expect(ways.map((way) => [...way, last])).toEqual([toRecv]);
  expect([toRecv.length, filesOf(toRecv)]).toEqual([5, 5]);
});

interface Way {
  readonly options: ServeOptions;
  readonly functions: number;
  readonly files: number;
}

const untimed = {};
const timed = { idleTimeoutMs: 60_000 };

describe("layer 2: from the poller to the user's function", () => {
  test.each<Way>([
    { options: untimed, functions: 5, files: 4 },
    { options: timed, functions: 6, files: 5 },
  ])("of onBytes: %o", async ({ options, functions, files }) => {
    const ways: string[][] = [];
    const server = await serving((connection) => connection.onBytes(() => void ways.push(callers())), options);
    await talk(server);
    const path = placesOf(toBytes, options === timed);
    expect(ways).toEqual([path]);
    expect([path.length, filesOf(path)]).toEqual([functions, files]);
  });

  test.each<Way>([
    { options: untimed, functions: 8, files: 5 },
    { options: timed, functions: 9, files: 6 },
  ])("of onFrame: %o", async ({ options, functions, files }) => {
    const ways: string[][] = [];
    const server = await serving(
      (connection) => connection.frames(lines()).onFrame(() => void ways.push(callers())),
      options,
    );
    await talk(server);
    const path = [...placesOf(toBytes.slice(0, -2), options === timed), ...placesOf(toFrame, true)];
    expect(ways).toEqual([path]);
    expect([path.length, filesOf(path)]).toEqual([functions, files]);
  });
});

async function talk(server: Parameters<typeof connected>[0]): Promise<void> {
  const client = await connected(server);
  client.write("!\n");
  await client.end();
  expect(await client.read()).toBeUndefined();
}
