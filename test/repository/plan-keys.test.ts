// docs/guides/operating.md lists every key of a plan's file, as the tables of options have them; and its example is a plan.
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import type { OptionKinds } from "../../src/server/options/option-kind.ts";
import { keyOf } from "../../src/supervisor/file/option-keys.ts";
import { planOf } from "../../src/supervisor/file/plan-of.ts";
import { SHARED_KINDS } from "../../src/supervisor/file/shared-keys.ts";
import { KINDS } from "../../src/supervisor/kinds.ts";
import { grouped, read, section, tables } from "./pages.ts";

const page = read("docs/guides/operating.md");

function rowsOf(kinds: OptionKinds): string[][] {
  return Object.entries(kinds)
    .filter(([, { isHook }]) => isHook !== true)
    .map(([name, { range }]) => [`\`${keyOf(name)}\``, `\`${name}\``, grouped(range)]);
}

test.each<[of: string, kinds: OptionKinds]>([
  ["all services", SHARED_KINDS],
  ...[...KINDS].map(([name, { options }]): [string, OptionKinds] => [name, options]),
])("every key of %s has its row: its option, and what it can be", (of, kinds) => {
  const [[, ...listed] = []] = tables(section(page, `### Of ${of}`));
  expect(listed).toEqual(rowsOf(kinds));
});

test("the example is a plan", () => {
  const [, toml = ""] = /```toml\n(.*?)```/s.exec(section(page, "## The file")) ?? [];
  expect(planOf(parse(toml), "/srv")).toMatchObject({ plan: { services: [{}, {}, {}, {}, {}] } });
});
