import { setImmediate as immediates } from "node:timers/promises";
import { expect, test } from "vitest";
import { Fields } from "../../../../src/http/fields.ts";
import type { SiteRequest } from "../../../../src/services/web/site.ts";
import { loadTemplate } from "../../../../src/services/web/template/template.ts";
import { TemplatePage } from "../../../../src/services/web/template-page.ts";
import { manualClock } from "../../../../src/testing.ts";

const REQUEST: SiteRequest = {
  method: "GET",
  path: "/",
  rawQuery: undefined,
  headers: Fields.none,
  address: undefined,
};
const STAT = { dev: 1n, ino: 1n, size: 1, mtimeNs: 1n, ctimeNs: 1n };

/** A page whose file looks the same for ever, and how often it was read. */
function pageOf(isUnsettled: boolean) {
  const clock = manualClock();
  let loads = 0;
  const loaded = () => ({
    template: loadTemplate("a", { read: () => `${loads}` }),
    stats: new Map([["a", STAT]]),
    isUnsettled,
  });
  const page = new TemplatePage(loaded(), {
    load: () => {
      loads++;
      return Promise.resolve(loaded());
    },
    stat: () => Promise.resolve(STAT),
    variables: {},
    variablesOf: undefined,
    headers: [],
    clock,
    report: (error) => expect(error).toBeUndefined(),
  });
  return { page, clock, loads: () => loads };
}

test("a template that may change without its times showing it is read again", async () => {
  for (const [isUnsettled, expected] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const { page, clock, loads } = pageOf(isUnsettled);
    await page.answer(REQUEST);
    clock.advance(1_000);
    await page.answer(REQUEST);
    await immediates();
    expect([isUnsettled, loads()]).toEqual([isUnsettled, expected]);
  }
});
