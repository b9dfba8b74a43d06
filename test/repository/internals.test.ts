// The generated pages of docs/internals/ are what the code says, and every file and every limit is in them.
import { existsSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { filesPage, makeFilesPage, sentenceOfText } from "../../scripts/internals/files.mjs";
import {
  amountText,
  type Limit,
  limitsOf,
  limitsPage,
  makeLimitsPage,
  nativeLimitsOf,
  wrongIn,
} from "../../scripts/internals/limits.mjs";
import { below, codeIn, read, section, tables } from "./pages.ts";

const stale = "is not what the code says: run `npm run internals`, then commit it";

describe(filesPage, () => {
  const { page, missing } = makeFilesPage();

  test("every file says in a sentence what it holds", () => {
    expect(missing).toEqual([]);
  });

  test("is what the generator writes", () => {
    expect(read(filesPage) === page, `${filesPage} ${stale}`).toBe(true);
  });

  test("lists the files of native/ and src/, all of them", () => {
    const sources = [...[".cc", ".h", ".def"].flatMap((ending) => below("native", ending)), ...below("src")].filter(
      (file) => !file.startsWith("native/build/"),
    );
    const headings = [...read(filesPage).matchAll(/^## `(.*)\/`$/gm)].map(([, folder = ""]) => folder);
    const listed = headings.flatMap((folder) => {
      const [[, ...rows] = []] = tables(section(read(filesPage), `## \`${folder}/\``));
      return rows.map(([file = ""]) => `${folder}/${codeIn(file)[0]}`);
    });
    expect(listed.length).toBeGreaterThan(600);
    expect(listed.sort()).toEqual(sources.sort());
  });
});

describe("the sentence of a file", () => {
  test.for([
    [
      "of the export that it is named after",
      "/** Not this. */\nexport const A = 1;\n/** A thing. More of it. */\nexport class MyThing {}\n",
      "A thing.",
    ],
    [
      "whose name may be written as Python does",
      "/** No. */\nexport const A = 1;\n/** Yes. */\nexport function my_thing() {}\n",
      "Yes.",
    ],
    ["else of the file itself", "// The file. More.\n/** A. */\nexport function other() {}\n", "The file."],
    ["else of what is no constant", "/** A. */\nexport const MAX = 1;\n/** B. */\nexport function f() {}\n", "B."],
    ["and not the options of it", "/** A. */\nexport interface FOptions {}\n/** B. */\nexport function f() {}\n", "B."],
    ["else of the first that has one", "export const A = 1;\n/** Second. */\nexport const B = 2;\n", "Second."],
    ["else of the module", '/** An entry. */\n\nexport { a } from "./a.ts";\n', "An entry."],
    ["else of the comment above a program", "#!/usr/bin/env node\n// A program.\n\nrun();\n", "A program."],
    [
      "of a link, its name",
      "/** Like {@link Other}, e.g. Both. */\nexport class MyThing {}\n",
      "Like `Other`, e.g. Both.",
    ],
    ["not of what is inside", "/** Hidden. */\nconst hidden = 1;\nexport const shown = hidden;\n", ""],
  ] as const)("%s", ([, text, sentence]) => {
    expect(sentenceOfText("my-thing.ts", text)).toBe(sentence);
  });
});

describe(limitsPage, () => {
  const { page, wrong } = makeLimitsPage();

  test("every limit has a docstring, and a test or the reason why there is none", () => {
    expect(wrong).toEqual([]);
  });

  test("is what the generator writes", () => {
    expect(read(limitsPage) === page, `${limitsPage} ${stale}`).toBe(true);
  });

  test("has the limits of src/ and of native/", () => {
    const [[, ...rows] = []] = tables(read(limitsPage));
    const files = rows.map(([, , , file = ""]) => codeIn(file)[0] ?? "");
    expect(files.filter((file) => file.startsWith("src/")).length).toBeGreaterThan(300);
    expect(files.filter((file) => file.startsWith("native/")).length).toBeGreaterThan(10);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });
});

describe("a limit", () => {
  function found(text: string, others: readonly string[] = []): Limit[] {
    return limitsOf(ts.createSourceFile("src/a.ts", text, ts.ScriptTarget.Latest, true), others);
  }

  test.for([
    ["const MAX_THINGS = 16_384;", "16 384"],
    ["export const A_MS = 12 * 60 * 60 * 1_000;", "43 200 000 ms"],
    ["const DEFAULT_BYTES = (1 + 1) * 2 ** 10;", "2 KiB"],
    ["const HALF = 0x10;\nconst MAX_BYTES = HALF * 2 + 1;", "33 bytes"],
    ["const MAX_MODE = 0o777;", "511"],
    ["const THINGS_PER_TURN = 3;", "3"],
    ["const MAX_BYTES = 1 << 10;", "1 KiB"],
    ["const MAX_FLAGS = 1 | 2;", "3"],
    ["const MIN_OFFSET = -1;", "-1"],
    ["const MAX_COUNT = 10n;", "10"],
    ["const MAX_COUNT = 5 as const;", "5"],
    ["const MAX_COUNT = (5 satisfies number);", "5"],
    ["const QUEUE_LIMIT = 5;", "5"],
    ["class Queue {\n  static readonly MAX_CALLS = 7;\n}", "7"],
    ["class Queue {\n  static readonly #MAX_CALLS = 7;\n}", "7"],
    ["const [MAX_CALLS, other] = [7, 8];", "7"],
    ["const [, MAX_CALLS] = [7, 8] as const;", "8"],
    ["const { MAX_CALLS } = { other: 6, MAX_CALLS: 7 };", "7"],
    ["const { calls: MAX_CALLS } = { calls: 7 };", "7"],
  ] as const)("%s", ([text, amount]) => {
    expect(found(text).map(({ name, value }) => amountText(name, Number(value)))).toEqual([amount]);
  });

  test("may be made of one of another file", () => {
    const text = 'import { MAX_TIMEOUT_MS } from "../src/socket/values.ts";\nconst MAX_WAIT_MS = MAX_TIMEOUT_MS;\n';
    expect(found(text).map(({ name, value }) => ({ name, value }))).toEqual([
      { name: "MAX_WAIT_MS", value: 0x7fffffff },
    ]);
  });

  test.for(["half(4)", "isBig ? 1 : 2", "SIZES.length", "Infinity", "Number.MAX_VALUE"])("may be %s", (code) => {
    expect(found(`const MAX_CALLS = ${code};`).map(({ value }) => value)).toEqual([code]);
  });

  test("may be a part of an expression", () => {
    expect(found("const { MAX_CALLS } = sizes();\n").map(({ name, value }) => [name, value])).toEqual([
      ["MAX_CALLS", "sizes()"],
    ]);
  });

  test("may be imported under another name", () => {
    const text =
      'import { MAX_TIMEOUT_MS as LONGEST } from "../src/socket/values.ts";\nconst MAX_WAIT_MS = LONGEST + 1;\n';
    expect(found(text).map(({ value }) => value)).toEqual([0x80000000]);
  });

  test("may have another name, where the list of tests says so", () => {
    expect(found("const SIZES = 4;\nconst OTHER = 5;", ["SIZES"]).map(({ name }) => name)).toEqual(["SIZES"]);
  });

  test("is no text, no object, and not inside of a function", () => {
    const others = 'const MAX_A = "a";\nconst DEFAULT_B = { c: 1 };\nconst DEFAULT_C = true;\nconst MAX_D = () => 1;\n';
    expect(found(`${others}function f() {\n  const MAX_D = 1;\n}\n`)).toEqual([]);
  });

  test("without a docstring, without a test, with a test that does not exist, and one that is gone: each is told", () => {
    const limits = found("const MAX_A = 1;\n/** B. */\nconst MAX_B = 2;\n/** C. */\nconst MAX_C = 3;\n");
    expect(
      wrongIn(limits, { "src/a.ts": { MAX_A: "cannot be seen", MAX_C: "test/nowhere.test.ts", MAX_D: "gone" } }),
    ).toEqual([
      "src/a.ts: MAX_A has no docstring",
      "test/repository/limit-tests.json names no test of MAX_B in src/a.ts",
      "test/repository/limit-tests.json names MAX_D, and src/a.ts has no such limit",
      "test/repository/limit-tests.json names test/nowhere.test.ts, which does not exist",
    ]);
  });

  test("whose test has neither its name nor its value is told, unless the list says how it is tested", () => {
    const limits = found("/** A. */\nconst MAX_ABSENT = 987_654;\n/** B. */\nconst MAX_B = 876_543;\n");
    const other = "test/repository/pages.ts";
    expect(wrongIn(limits, { "src/a.ts": { MAX_ABSENT: other, MAX_B: `${other}: by chance` } })).toEqual([
      "the test of MAX_ABSENT in src/a.ts has neither its name nor its value: say how it tests it",
    ]);
    const here = "test/repository/internals.test.ts";
    expect(wrongIn(limits, { "src/a.ts": { MAX_ABSENT: here, MAX_B: here } })).toEqual([]);
  });

  test("of one file is none of another", () => {
    const limits = found("/** A. */\nconst MAX_A = 1;\n");
    expect(wrongIn(limits, { "src/b.ts": { MAX_A: "cannot be seen" } })).toHaveLength(2);
  });

  test("of C++ has the comment above it or behind it", () => {
    const text =
      "  // Above,\n  // both lines.\n  static constexpr int kMaxA = 1024 * 2;\n\n  static constexpr uint32_t kBLimit = 1u << 3;  // behind\n  static constexpr uint64_t kBudgetNs = 2'000'000;\nconstexpr size_t kCBytes = sizeof(int);\n";
    expect(nativeLimitsOf("native/a.h", text).map(({ name, value, meaning }) => [name, value, meaning])).toEqual([
      ["kMaxA", 2048, "Above, both lines."],
      ["kBLimit", 8, "behind"],
      ["kBudgetNs", 2_000_000, ""],
    ]);
    expect(amountText("kBudgetNs", 2_000_000)).toBe("2 ms");
  });

  test.for([
    ["const int kMaxA = 3;", 3],
    ["static const size_t kMaxA = 5UL;", 5],
    ["inline constexpr std::size_t kMaxA = 1ull << 20;", 1_048_576],
    ["constexpr unsigned long kMaxA = 1 << 3 << 2;", 32],
    ["constexpr int kMaxA = 1024 + 1;", 1025],
    ["constexpr int kHalf = 4;\nconstexpr int kMaxA = kHalf * 2;", 8],
    ["constexpr int kMaxA{6};", 6],
    ["constexpr int kMaxA =\n    0x10;", 16],
    ["constexpr int kMaxA(5);", 5],
    ["constexpr int kMaxA((1 + 2) * 3);", 9],
    ["#define kMaxA 9", 9],
    ["enum { kMaxA = 8 };", 8],
    ["constexpr int kOther = 1, kMaxA = 2;", 2],
    ["constexpr int kMaxA = Half(2);", "Half(2)"],
  ] as const)("of C++ may be written %s", ([text, value]) => {
    expect(nativeLimitsOf("native/a.h", text).map((limit) => [limit.name, limit.value])).toEqual([["kMaxA", value]]);
  });

  test("of C++ may be a macro with the name of a constant of TypeScript", () => {
    const text =
      "#define SOCKWRIGHT_A_H\n#define MAX_A 7\n#define A_BYTES (1 << 4)\n#define OTHER 8\n#define MAX(a) a\n";
    expect(nativeLimitsOf("native/a.h", text).map(({ name, value }) => [name, value])).toEqual([
      ["MAX_A", 7],
      ["A_BYTES", 16],
    ]);
  });

  test("of C++ is not where it is only used", () => {
    const text = "if (count == kMaxA || Half(kMaxA) > 2) return;\nchar buffer[kMaxBytes];\n";
    expect(nativeLimitsOf("native/a.h", text)).toEqual([]);
  });
});
