import { expect, test } from "vitest";
import { LastAnswers } from "../../../src/supervisor/last-answers.ts";

test("answers of closed connections are dropped, and those of open ones are kept", () => {
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
  // Rarely, because the cleanup checks all open connections.
  expect(asked).toBeLessThan(20);
});
