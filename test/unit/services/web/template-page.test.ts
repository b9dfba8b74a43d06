import { expect, test } from "vitest";
import { Fields } from "../../../../src/http/fields.ts";
import { PreparedResponse } from "../../../../src/http/service/prepared-response.ts";
import type { FileStat } from "../../../../src/services/web/file-stat.ts";
import { MAX_RESOURCE_AGE_MS, RENEW_AFTER_MS } from "../../../../src/services/web/resource-cache.ts";
import type { SiteRequest } from "../../../../src/services/web/site.ts";
import { loadTemplate, type Template } from "../../../../src/services/web/template/template.ts";
import { type PageSource, type ReadTemplate, TemplatePage } from "../../../../src/services/web/template-page.ts";
import { manualClock } from "../../../../src/testing.ts";
import { turn, until } from "../../../support/until.ts";

const REQUEST: SiteRequest = {
  method: "GET",
  path: "/",
  rawQuery: undefined,
  headers: Fields.none,
  address: undefined,
};
const STAT = { dev: 1n, ino: 1n, size: 1, mtimeNs: 1n, ctimeNs: 1n };

function loaded(text: string, { isUnsettled = false, stat = STAT } = {}) {
  return { template: loadTemplate("a", { read: () => text }), stats: new Map([["a", stat]]), isUnsettled };
}

function templatePageOf(first: ReadTemplate & { template: Template }, source: Partial<PageSource>) {
  const clock = manualClock();
  const reported: unknown[] = [];
  const page = new TemplatePage(first, {
    load: () => Promise.resolve(first),
    stat: () => Promise.resolve(STAT),
    variables: {},
    variablesOf: undefined,
    htmlSuffix: undefined,
    headers: [],
    clock,
    report: (error) => reported.push(error),
    ...source,
  });
  const text = async (): Promise<string> => {
    const answer = await page.answer(REQUEST);
    return answer instanceof PreparedResponse ? String(answer.body) : "";
  };
  return { page, clock, reported, text };
}

test("a template that may have changed without a change of its times is read again", async () => {
  for (const isUnsettled of [false, true]) {
    const { clock, text, reported } = templatePageOf(loaded("one", { isUnsettled }), {
      load: () => Promise.resolve(loaded("two")),
    });
    expect(await text()).toBe("one");
    clock.advance(MAX_RESOURCE_AGE_MS);
    expect([await text(), reported]).toEqual([isUnsettled ? "two" : "one", []]);
  }
});

test("after expire a page is checked before it is sent, and a check that began before is ignored", async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const tell: ((read: ReadTemplate) => void)[] = [];
    const { page, clock, text } = templatePageOf(loaded("one", { isUnsettled: true }), {
      load: () => new Promise((resolve) => tell.push(resolve)),
    });
    expect(await text()).toBe("one");
    clock.advance(RENEW_AFTER_MS);
    const before = text();
    page.expire();
    clock.advance(1);
    const behind = text();
    await until(() => tell.length === 2, "both looks");
    const texts = ["one and a half", "two"];
    for (const place of order) {
      tell[place]?.(loaded(texts[place] ?? ""));
      await turn();
    }
    expect([await before, await behind, await text()]).toEqual(["one", "two", "two"]);
  }
});

test("a broken template is reported once per state, and read again when it has changed", async () => {
  let [stat, loads]: [FileStat | undefined, number] = [STAT, 0];
  let read = (): ReadTemplate => loaded("one");
  const { clock, text, reported } = templatePageOf(loaded("one"), {
    load: () => {
      loads++;
      return Promise.resolve(read());
    },
    stat: () => Promise.resolve(stat),
  });
  const looked = async (times: number): Promise<unknown[]> => {
    for (let count = 0; count < times; count++) {
      clock.advance(MAX_RESOURCE_AGE_MS);
      expect(await text()).toBe("one");
    }
    return [loads, reported.splice(0).map(String)];
  };
  const broken = (message: string, isUnsettled = false): ReadTemplate => {
    const stats = new Map([["a", stat]]);
    return { error: new Error(message), stats, isUnsettled };
  };
  read = () => broken("no end");
  stat = { ...STAT, ctimeNs: 2n };
  expect(await looked(3)).toEqual([1, ["Error: no end"]]);
  // A new state with the same error is reported again.
  stat = { ...STAT, ctimeNs: 3n };
  expect(await looked(2)).toEqual([2, ["Error: no end"]]);
  stat = undefined;
  read = () => broken("no such file");
  expect(await looked(2)).toEqual([3, ["Error: no such file"]]);
  stat = { ...STAT, ctimeNs: 4n };
  read = () => broken("half", true);
  expect(await looked(3)).toEqual([6, ["Error: half"]]);
  read = () => {
    throw new Error("EIO");
  };
  expect(await looked(3)).toEqual([9, ["Error: EIO"]]);
  read = () => loaded("one", { stat: stat ?? STAT });
  expect(await looked(3)).toEqual([10, []]);
  stat = { ...STAT, ctimeNs: 5n };
  read = () => broken("half");
  expect(await looked(2)).toEqual([11, ["Error: half"]]);
});
