import { expect, test } from "vitest";
import { LastAnswers } from "../../../src/supervisor/last-answers.ts";

test("connections that have ended are forgotten, and open ones are not", () => {
  let asked = 0;
  const answers = new LastAnswers(() => {
    asked++;
    return [1, 2];
  });
  answers.set(1, "one");
  answers.set(2, "two");
  answers.set(2, "three");
  for (let id = 3; id < 10_000; id++) answers.set(id, "gone");
  expect([answers.get(1), answers.get(2)]).toEqual(["one", "three"]);
  expect(answers.get(3)).toBeUndefined();
  // Seldom: it looks at all that are open.
  expect(asked).toBeLessThan(20);
});
