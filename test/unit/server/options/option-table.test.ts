// A table of options: checks of given values, defaults, parsing of text, and the rows for the docs.
import { describe, expect, test } from "vitest";
import { CONNECT } from "../../../../src/server/connect.ts";
import { LISTENER } from "../../../../src/server/listener-options.ts";
import { bytes, choice, count, custom, hook, ms } from "../../../../src/server/options/option-kind.ts";
import { options } from "../../../../src/server/options/option-table.ts";
import { SERVE } from "../../../../src/server/serve-options.ts";

const TABLE = options({
  maxThings: count({ default: 10 }),
  waitMs: ms(),
  bufferBytes: bytes({ default: 1_024 }),
  whenFull: choice(["wait", "refuse"], { default: "wait" }),
  onFull: hook<() => void>(),
  pair: custom("two", (_, given) => [given, given] as const),
});
const DEFAULTS = {
  maxThings: 10,
  waitMs: undefined,
  bufferBytes: 1_024,
  whenFull: "wait",
  onFull: undefined,
  pair: undefined,
};

function codeOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? [error.code, error.message] : error;
  }
}

describe("checkGiven", () => {
  test("returns the checked options, without defaults and without undefined values", () => {
    const given = TABLE.checkGiven("work()", { maxThings: 3, waitMs: undefined, pair: "x" });
    expect(given).toEqual({ maxThings: 3, pair: ["x", "x"] });
    expect(Object.keys(given)).toEqual(["maxThings", "pair"]);
    expect(TABLE.checkGiven("work()", undefined)).toEqual({});
  });

  test("reads each option once, in the order of the table, from any kind of object", () => {
    const reads: string[] = [];
    const value: Readonly<Record<string, unknown>> = { waitMs: 5, maxThings: 1 };
    const counting = new Proxy(value, {
      get(target, name) {
        reads.push(String(name));
        return Reflect.get(target, name) as unknown;
      },
    });
    expect(TABLE.checkGiven("work()", counting)).toEqual({ maxThings: 1, waitMs: 5 });
    expect(reads).toEqual(["maxThings", "waitMs", "bufferBytes", "whenFull", "onFull", "pair"]);
    class Given {
      get maxThings(): number {
        reads.push("getter");
        return 7;
      }
    }
    expect(TABLE.checkGiven("work()", new Given())).toEqual({ maxThings: 7 });
    expect(reads.filter((name) => name === "getter")).toHaveLength(1);
  });

  test("rethrows the error of a getter", () => {
    const boom = new Error("boom");
    const trap = {
      get waitMs(): number {
        throw boom;
      },
    };
    expect(() => TABLE.checkGiven("work()", trap)).toThrow(boom);
  });

  test.each<[given: unknown, code: string, told: string]>([
    [{ maxThing: 1 }, "ERR_INVALID_ARG_VALUE", "'options.maxThing' is no option of work(). Did you mean maxThings?"],
    [{ max_things: 1 }, "ERR_INVALID_ARG_VALUE", "Did you mean maxThings?"],
    [{ wait: 1 }, "ERR_INVALID_ARG_VALUE", "Did you mean waitMs?"],
    [{ highWaterMark: 1 }, "ERR_INVALID_ARG_VALUE", "Did you mean bufferBytes?"],
    [{ zzzz: undefined }, "ERR_INVALID_ARG_VALUE", "It has maxThings, waitMs, bufferBytes, whenFull, onFull, pair"],
    [JSON.parse('{ "__proto__": 1 }'), "ERR_INVALID_ARG_VALUE", "'options.__proto__' is no option of work()"],
    [{ maxThings: 0 }, "ERR_OUT_OF_RANGE", '"options.maxThings" is out of range'],
    [{ waitMs: "5s" }, "ERR_INVALID_ARG_TYPE", '"options.waitMs" argument must be of type number'],
    [{ whenFull: "pause" }, "ERR_INVALID_ARG_VALUE", `'options.whenFull' must be "wait" or "refuse"`],
    [null, "ERR_INVALID_ARG_TYPE", 'The "options" argument must be of type object'],
    [5, "ERR_INVALID_ARG_TYPE", 'The "options" argument must be of type object'],
    [[], "ERR_INVALID_ARG_TYPE", 'The "options" argument must be of type object'],
  ])("rejects %j", (given, code, told) => {
    expect(codeOf(() => TABLE.checkGiven("work()", given))).toEqual([code, expect.stringContaining(told)]);
  });

  test("names the options by the given path", () => {
    const call = (): unknown => TABLE.check("a worker", { maxThings: 0 }, "workers[3]");
    expect(codeOf(call)).toEqual(["ERR_OUT_OF_RANGE", expect.stringContaining('"workers[3].maxThings"')]);
    const other = (): unknown => TABLE.check("a worker", { maxThing: 0 }, "workers[3]");
    expect(codeOf(other)).toEqual([
      "ERR_INVALID_ARG_VALUE",
      "The property 'workers[3].maxThing' is no option of a worker. Did you mean maxThings?",
    ]);
  });
});

describe("defaults", () => {
  test("replace missing options only; a given false or 0 is kept", () => {
    expect(TABLE.fill({})).toEqual(DEFAULTS);
    expect(TABLE.check("work()", undefined)).toEqual(DEFAULTS);
    expect(TABLE.check("work()", { maxThings: 3, whenFull: "refuse" })).toEqual({
      ...DEFAULTS,
      maxThings: 3,
      whenFull: "refuse",
    });
    const low = options({ level: count({ min: 0, default: 5 }) });
    expect(low.check("work()", { level: 0 })).toEqual({ level: 0 });
  });

  test("a table fills options that were merged from two calls; the more specific value wins", () => {
    const ofAll = TABLE.checkGiven("work()", { maxThings: 3, waitMs: 5 });
    const own = TABLE.checkGiven("a worker", { maxThings: 4, waitMs: undefined });
    expect(TABLE.fill({ ...ofAll, ...own })).toMatchObject({ maxThings: 4, waitMs: 5 });
  });
});

describe("text", () => {
  test("is parsed by the kind of its option", () => {
    expect(TABLE.parse("waitMs", "1.5s")).toBe(1_500);
    expect(TABLE.parse("bufferBytes", "64KiB")).toBe(65_536);
    expect(TABLE.parse("whenFull", "refuse")).toBe("refuse");
  });

  test.each<[name: string, text: string, code: string, told: string]>([
    ["waitMs", "soon", "ERR_INVALID_ARG_VALUE", "'--.waitMs' must be a time, such as 500ms"],
    ["maxThings", "0", "ERR_OUT_OF_RANGE", '"--.maxThings" is out of range'],
    ["onFull", "x", "ERR_INVALID_ARG_TYPE", '"--.onFull" argument must be given by the program, and not as text'],
    ["pair", "x", "ERR_INVALID_ARG_TYPE", '"--.pair" argument must be given by the program, and not as text'],
    ["waits", "5s", "ERR_INVALID_ARG_VALUE", "'--.waits' is no option of the table. Did you mean waitMs?"],
    ["toString", "5s", "ERR_INVALID_ARG_VALUE", "'--.toString' is no option of the table."],
    ["__proto__", "5s", "ERR_INVALID_ARG_VALUE", "'--.__proto__' is no option of the table."],
  ])("%s=%s is rejected", (name, text, code, told) => {
    expect(codeOf(() => TABLE.parse(name, text, "--"))).toEqual([code, expect.stringContaining(told)]);
  });
});

test("rows lists the options in the order of the table", () => {
  expect(TABLE.rows()).toEqual([
    { name: "maxThings", range: "1 to 2147483647", defaultValue: 10 },
    { name: "waitMs", range: "1 to 2147483647 ms", defaultValue: undefined },
    { name: "bufferBytes", range: "1 to 1073741824 bytes", defaultValue: 1_024 },
    { name: "whenFull", range: '"wait" or "refuse"', defaultValue: "wait" },
    { name: "onFull", range: "a function", defaultValue: undefined },
    { name: "pair", range: "two", defaultValue: undefined },
  ]);
});

/** A text that the kind with this range accepts. */
function sample(range: string): string {
  if (range.endsWith(" ms")) return "5s";
  if (range.endsWith(" bytes")) return "4KiB";
  if (range.startsWith('"')) return range.slice(1, range.indexOf('"', 1));
  return range === "true or false" ? "on" : "5";
}

/** Lists and objects, whose ranges speak of numbers and words: a file gives them as arrays and tables. */
const STRUCTURES: ReadonlySet<string> = new Set(["pin", "proxySend"]);

describe.each([
  ["serve()", SERVE],
  ["a listener", LISTENER],
  ["connect()", CONNECT],
] as const)("the table of %s", (_, table) => {
  test("has each default within its own range", () => {
    for (const { name, defaultValue } of table.rows()) {
      // An infinite default means that only another limit applies; it is not a value that can be given.
      if (defaultValue === undefined || defaultValue === Number.POSITIVE_INFINITY) continue;
      const kind: { check(path: string, given: unknown): unknown } | undefined = Reflect.get(table.kinds, name);
      expect([name, kind?.check(name, defaultValue)]).toEqual([name, defaultValue]);
    }
  });

  test("parses text for each option that is a number, a word or a switch", () => {
    const rows = table.rows().filter(({ name, range }) => /\d|^"|^true/.test(range) && !STRUCTURES.has(name));
    expect(rows.length).toBeGreaterThan(10);
    for (const { name, range } of rows) expect([name, table.parse(name, sample(range))]).not.toContain(undefined);
  });
});
