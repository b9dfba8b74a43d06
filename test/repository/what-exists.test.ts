// The table "What exists today" of README.md: what it claims is exported, what it misses is not.
import { expect, test } from "vitest";
import { codeIn, read, readme, section, tables } from "./pages.ts";
import { publicSymbols } from "./public-symbols.ts";

const entries = [
  ...["src/index.ts", "src/server.ts", "src/socketserver.ts", "src/codec.ts", "src/http.ts", "src/testing.ts"],
  "src/services/chat/chat.ts",
  "src/services/files/files.ts",
  "src/services/greet/greet.ts",
  "src/services/relay/relay.ts",
  "src/services/web/web.ts",
];
const symbols = entries.flatMap(publicSymbols).map(({ name, kind }) => ({
  name: name.replace(
    /^(?:SocketFile|MemoryFile|Socket|Connection|HttpRequest|Fields|\w*Server|\w+RequestHandler)\./,
    "",
  ),
  kind,
}));
const [[, ...rows] = []] = tables(section(read(readme.english), "## What exists today"));

/** The names of calls in the rows whose state begins so. */
function namesOf(state: string): string[] {
  const parts = rows.filter((row) => row[1]?.startsWith(state)).map(([part = ""]) => part);
  const names = parts.flatMap(codeIn).filter((name) => /^\w+$/.test(name) && !/^[A-Z]+_/.test(name));
  if (names.length === 0) throw new Error(`the table has no names that are "${state}"`);
  return names;
}

test("every part has one of three states", () => {
  const states = new Set(rows.map(([, state]) => state));
  expect(states).toEqual(new Set(["yes", "yes, but you encode them", "not yet"]));
});

test("what it claims is exported", () => {
  const exported = symbols.map(({ name }) => name);
  expect(namesOf("yes").filter((name) => !exported.includes(name))).toEqual([]);
});

test("what it misses is not exported", () => {
  const exported = symbols.map(({ name }) => name);
  expect(namesOf("not yet").filter((name) => exported.includes(name))).toEqual([]);
});

test("it forgets no function and no method", () => {
  const callable = symbols.filter(({ kind }) => kind === "function" || kind === "method").map(({ name }) => name);
  const claimed = namesOf("yes");
  expect(callable.filter((name) => /^[a-z]/.test(name) && !claimed.includes(name))).toEqual([]);
});
