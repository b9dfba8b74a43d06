// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a file has, and nobody fills in.
// However a file is changed, there is a plan, or there are mistakes with a place in the file.
import fc from "fast-check";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { planOf } from "../../src/supervisor/file/plan-of.ts";
import { TomlPositions } from "../../src/supervisor/file/toml-positions.ts";
import { readPlanText } from "../support/plan-reading.ts";

const FILE = `[admin]
socket = "run/admin.sock"
[server] # for all
max-connections = 10_000
idle-timeout = "5m"
accept-rate-per-address = { per-second = 5, burst = 10 }
alarms = [{ raise-at = 900, clear-at = 800 }]
[[service]]
name = "greet"
kind = "greet"
listen = ["tcp://127.0.0.1:8000", { url = "udp://127.0.0.1:9000", idle-timeout = "1m" }]
greeting = "Welcome!"
frame = "lines"
[[service]]
name = "site"
kind = "web"
root = "public"
listen = "http://127.0.0.1:8080/"
cache."*.css" = "max-age=3600"
[service.routes]
"/go" = "go.html"
[[service]]
name = 'chat'
kind = "chat"
listen = [{ url = "http://127.0.0.1:8080/chat/" }, "unix:chat.sock"]
retain = "30d"
[[service]]
name = "clock"
module = "./clock.mjs"
listen = { url = "systemd:web", mount = "/clock/" }
options = { interval = "1s", at = 07:32:00, deep = [[1], [2.5, inf]] }
`;

/** Text that is inserted into a file, or replaces part of it. */
const PIECES = [
  ...[
    "[[service]]\n",
    "[service]\n",
    "[server]\n",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\r\n",
    '"',
    "'",
    '"""',
    "#",
  ],
  ...[
    "\\",
    "\\u202e",
    "é",
    "😀",
    "\0",
    "\ud800",
    "__proto__",
    "constructor",
    "toString = 1\n",
    "${HOME}",
    "-1",
    "0",
    "1e400",
  ],
  ...["nan", "true", "1979-05-27", "http://127.0.0.1:8080/", "tcp://127.0.0.1:0", "unix:", "systemd:x", "mount = 5\n"],
  ...["name = 1\n", "listen = []\n", "kind = 5\n", "module = 5\n", "options = 5\n", "high-water = 1\n", 'user = "x"\n'],
];

const edit = fc.record({
  at: fc.nat(FILE.length),
  taken: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(60)),
  put: fc.oneof(fc.constant(""), fc.constantFrom(...PIECES), fc.string({ maxLength: 8 })),
});

function edited(edits: readonly { readonly at: number; readonly taken: number; readonly put: string }[]): string {
  return edits.reduce((text, { at, taken, put }) => text.slice(0, at) + put + text.slice(at + taken), FILE);
}

test("a file that was changed anywhere is a plan, or has mistakes with a place in it", async () => {
  const seen = { plans: 0, mistakes: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const text = edited(edits);
      const { reading } = await readPlanText(text);
      if ("plan" in reading) {
        seen.plans++;
        return;
      }
      seen.mistakes++;
      const lines = Buffer.from(text).toString().split(/\n/);
      expect(reading.mistakes.length).toBeGreaterThan(0);
      for (const { line, column, message } of reading.mistakes) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
        expect(message).toMatch(/^[^\p{C}]+$/u);
      }
    }),
    { numRuns: 400 },
  );
  expect(Math.min(seen.plans, seen.mistakes)).toBeGreaterThan(10);
});

test("values of any kind at any key are a plan, or have findings", () => {
  const value = fc.oneof(
    ...[
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(new Date(0)),
      fc.constant([]),
      fc.constant({}),
    ],
    fc.constantFrom<unknown>(...PIECES),
    fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer()), { maxKeys: 3 }),
  );
  const document = parse(FILE);
  const places = placesIn(document);
  const positions = new TomlPositions(FILE);
  fc.assert(
    fc.property(fc.constantFrom(...places), value, (place, given) => {
      const result = planOf(replaced(document, place, given), "/srv");
      if ("plan" in result) return;
      for (const finding of result.findings)
        expect(positions.of(finding).line).toBeLessThanOrEqual(FILE.split("\n").length);
    }),
    { numRuns: 1_000 },
  );
});

type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null || value instanceof Date) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => placesIn(member, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: Path, given: unknown): unknown {
  if (key === undefined) return given;
  if (Array.isArray(value))
    return value.map((each: unknown, index) => (String(index) === key ? replaced(each, rest, given) : each));
  const members = Object.entries(Object(value) as object).map(([name, each]: [string, unknown]) => [
    name,
    name === key ? replaced(each, rest, given) : each,
  ]);
  return Object.fromEntries(members);
}
