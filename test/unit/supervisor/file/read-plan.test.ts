// A file that is not valid TOML or not text: one mistake, with its place.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MAX_FILE_BYTES } from "../../../../src/supervisor/file/file-text.ts";
import { type Mistake, mistakeText } from "../../../../src/supervisor/file/mistake.ts";
import { MAX_DEPTH } from "../../../../src/supervisor/file/plain-data.ts";
import { MAX_SERVICES } from "../../../../src/supervisor/file/plan-of.ts";
import { MAX_LISTENERS } from "../../../../src/supervisor/file/read-listeners.ts";
import { MAX_MISTAKES, readPlan } from "../../../../src/supervisor/file/read-plan.ts";
import { greetFile, mistakesIn, planIn, serviceFile } from "../../../support/plan-reading.ts";

const NO_SERVICE = "there is no service; write [[service]], and below it its name, kind and listen";

test.each<[file: string, mistake: string]>([
  ["a = ", '1:5: invalid value; write text in quotes, as in name = "greet"'],
  ["[[service]]\nname = greet", '2:8: invalid value; write text in quotes, as in name = "greet"'],
  [
    "a = 1\na = 2",
    "2:1: trying to redefine an already defined table or value; write each key and each [table] once, and [[service]] for each service",
  ],
  [
    "[server\nmax-connections = 1",
    "1:8: illegal character in key; a key has letters, digits, - and _, or quotes around it",
  ],
  ['a = "\\q"', "1:7: unrecognised escape sequence; write \\\\ for a backslash"],
  ['a = "x', "1:5: unfinished string; write its quotes at both ends"],
  [
    'a = "x\nb = "y"',
    "1:7: control characters are not allowed in strings; write its quotes at both ends on one line, and \\n for a line end",
  ],
  ["a = '''x", "1:5: unfinished string; write its quotes at both ends"],
  ["größe = 1", "1:3: illegal character in key; a key has letters, digits, - and _, or quotes around it"],
  ["a = 12345678901234567890", "1:5: integer value cannot be represented losslessly"],
  ["a = 1 b = 2", "1:7: each key-value declaration must be followed by an end-of-line; write one on each line"],
  ["a = [1,,2]", '1:8: invalid value; write text in quotes, as in name = "greet"'],
  ["a = 0x", "1:7: unfinished numeric value"],
  ["a", "1:1: incomplete key-value: cannot find end of key"],
  [
    "a = { b = 1",
    "1:12: expected comma or end of structure; write a comma between two values, ] behind a list, and } behind a table",
  ],
  [
    "a = [1\nb = 2",
    "2:1: expected comma or end of structure; write a comma between two values, ] behind a list, and } behind a table",
  ],
  ["a = 64KiB", '1:7: illegal character in numeric literal; write a number with a unit as text, as in "5m" or "64KiB"'],
  ["a = 5m", '1:6: illegal character in numeric literal; write a number with a unit as text, as in "5m" or "64KiB"'],
  [
    "[[service]]\n[service]",
    "2:2: trying to redefine an already defined table or value; write each key and each [table] once, and [[service]] for each service",
  ],
  ["\r\n\r\na =", '3:4: invalid value; write text in quotes, as in name = "greet"'],
  ["a = 1979-13-01", "1:5: invalid date"],
  [`a = ${"[".repeat(2_000)}`, "1:1005: document contains excessively nested structures. aborting."],
])("%j", async (file, mistake) => {
  expect(await mistakesIn(file)).toEqual([mistake]);
});

test.each<[what: string, content: string | Uint8Array, mistake: string]>([
  ["an empty file", "", `1:1: ${NO_SERVICE}`],
  ["a file without services", '[server]\nidle-timeout = "5m"\n', `1:1: ${NO_SERVICE}`],
  ["an empty list of services", "\nservice = []", `2:11: ${NO_SERVICE}`],
  ["latin1", Buffer.from('# a\nb = "gr\xfc\xdf"', "latin1"), "2:8: it is no UTF-8; save it as UTF-8"],
  ["UTF-16", Buffer.from("\ufeffa = 1", "utf16le"), "1:1: it is no UTF-8; save it as UTF-8"],
  ["a NUL", "\0", "1:1: illegal character in key; a key has letters, digits, - and _, or quotes around it"],
])("%s", async (_, content, mistake) => {
  expect(await mistakesIn(content)).toEqual([mistake]);
});

test("a file that cannot be read is reported by name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "plan-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const directory = join(folder, "directory");
  await mkdir(directory);
  const reading = async (file: string): Promise<unknown> => await readPlan(file);
  const wrong = (file: string, message: string): unknown => ({ mistakes: [{ file, line: 0, column: 0, message }] });
  const missing = join(folder, "missing.toml");
  expect(await reading(missing)).toEqual(wrong(missing, "there is no such file; write one, or name another"));
  const { mistakes } = (await reading(missing)) as { mistakes: readonly [Mistake] };
  expect(mistakeText(mistakes[0])).toBe(`${missing}: there is no such file; write one, or name another`);
  expect(await reading(directory)).toEqual(wrong(directory, "it is a directory; name the file in it"));
  expect(await reading("/proc/self/mem")).toEqual(wrong("/proc/self/mem", "it cannot be read, EIO"));
});

test("a pipe is rejected without waiting for a writer", async () => {
  const folder = await mkdtemp(join(tmpdir(), "plan-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "pipe");
  execFileSync("mkfifo", [file]);
  const message = "it is a pipe, and a reload reads it again; name a file";
  expect(await readPlan(file)).toEqual({ mistakes: [{ file, line: 0, column: 0, message }] });
});

test("the name of a file is escaped", () => {
  const mistake = { file: "\u001b[31m\u202e.toml", line: 1, column: 2, message: "no" };
  expect(mistakeText(mistake)).toBe("\\u{1b}[31m\\u{202e}.toml:1:2: no");
});

test("a file too long for the parser with positions is reported at 1:1", async () => {
  const file = greetFile().replace("tcp://127.0.0.1:8000", "x".repeat(250_000));
  expect(await mistakesIn(file)).toEqual([expect.stringMatching(/^1:1: "x{80}…" has no scheme/)]);
});

test("MAX_FILE_BYTES limits the length of a file to 256 KiB", async () => {
  const text = `${greetFile()}\n#`;
  const longest = text + "x".repeat(MAX_FILE_BYTES - text.length);
  expect((await planIn(longest)).plan.services).toHaveLength(1);
  expect(await mistakesIn(`${longest}x`)).toEqual(["it is longer than 262144 bytes; write less"]);
});

test("MAX_SERVICES and MAX_LISTENERS limit a file", async () => {
  const service = (index: number): string => serviceFile("greet", `"unix:@${index}"`).replace('"a"', `"s${index}"`);
  const most = Array.from({ length: MAX_SERVICES }, (_, index) => service(index)).join("\n");
  expect((await planIn(most)).plan.services).toHaveLength(MAX_SERVICES);
  expect(await mistakesIn(`${most}\n${service(MAX_SERVICES)}`)).toEqual([
    `${MAX_SERVICES * 4 + 1}:1: there are 257 services; at most 256 can be`,
  ]);
  const urls = Array.from({ length: MAX_LISTENERS }, (_, index) => `"unix:@${index}"`);
  expect((await planIn(serviceFile("greet", `[${urls.join(",")}]`))).plan.services[0]?.listeners).toHaveLength(
    MAX_LISTENERS,
  );
  const [mistake] = await mistakesIn(serviceFile("greet", `[${urls.join(",")},"unix:@x"]`));
  expect(mistake).toMatch(/^4:\d+: there are 1025 listeners; at most 1024 can be$/);
});

test("MAX_DEPTH limits nested tables, by brackets or by dots", async () => {
  const nested = (depth: number): string =>
    `${greetFile().replace("kind", "module")}\noptions = ${"[".repeat(depth)}${"]".repeat(depth)}`;
  // Four of these levels are the list of services, the service, its options and the table there.
  expect((await planIn(nested(MAX_DEPTH - 4).replace(/= \[(.*)\]$/, "= { a = [$1] }"))).plan.services).toHaveLength(1);
  expect(await mistakesIn(nested(MAX_DEPTH))).toEqual([
    expect.stringMatching(/^5:\d+: there are more than 32 tables in each other; write fewer$/),
  ]);
  expect(await mistakesIn(`${Array.from({ length: 20_000 }, () => "a").join(".")} = 1`)).toEqual([
    expect.stringMatching(/^1:1: there are more than 32 tables in each other; write fewer$/),
  ]);
});

test("MAX_MISTAKES limits the reported mistakes; a last line has the number of further ones", async () => {
  const keys = Array.from({ length: MAX_MISTAKES + 5 }, (_, index) => `k${index} = 1`);
  const mistakes = await mistakesIn(greetFile(...keys));
  expect(mistakes).toHaveLength(MAX_MISTAKES + 1);
  expect(mistakes.at(-1)).toBe("1005:1: 5 more mistakes from here on");
});
