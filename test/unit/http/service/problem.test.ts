import { expect, test } from "vitest";
import { problem } from "../../../../src/http/service/problem.ts";

test("a problem has the members of RFC 9457, and further ones", () => {
  const answer = problem(409, { detail: "taken", "expected-offset": 5 }, { "Upload-Offset": "5" });
  expect(answer.status).toBe(409);
  expect(answer.headers).toEqual([
    ["Content-Type", "application/problem+json"],
    ["Cache-Control", "no-store"],
    ["Upload-Offset", "5"],
  ]);
  expect(JSON.parse(String(answer.body))).toEqual({
    title: "Conflict",
    status: 409,
    detail: "taken",
    "expected-offset": 5,
  });
});

test("the type and title can be given", () => {
  expect(JSON.parse(String(problem(460, { type: "https://e.example/t", title: "No" }).body))).toEqual({
    type: "https://e.example/t",
    title: "No",
    status: 460,
  });
});
